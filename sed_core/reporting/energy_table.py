"""The table of energy in the published layout, and how each figure was measured."""

import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

from sed_core.reporting.published_scores import Published, grouped
from sed_core.reporting.table import ABSENT, Table, kwh, spread
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import read_json

STAGES = {"training": "Training", "devtest": "Dev-test", "evaluation": "Evaluation"}
OTHERS = {"extraction": "Extraction", "scoring": "Scoring"}  # not part of the published layout
COMPONENTS = {"gpu": "GPU", "cpu": "CPU", "ram": "RAM"}
BUSY = 0.9  # own share of the processor's time below which a note says so

Runs = dict[tuple[str, str], list[dict[str, Any]]]


def read_energy(path: str | Path) -> dict[str, Any]:
    """Read one `*.energy.json`.

    Raises:
        SedError: the file is another one.
    """
    record = read_json(path)
    missing = {"system", "seed", "stage", "kwh", "components", "codecarbon"} - set(record)
    if missing:
        raise SedError(f"{path} has no {', '.join(sorted(missing))}; give files *.energy.json.")
    return record


def energy_tables(
    records: list[dict[str, Any]], *, systems: list[str], dataset: str, others: list[Published]
) -> list[Table]:
    """Two tables: kWh as published, and the components of every figure.

    Args:
        records: contents of the energy files of all systems, stages and seeds.
        systems: names in row order; those without a record get a row of dashes.
        dataset: name of the data set.
        others: published rows; none for another data set.
    """
    runs: Runs = defaultdict(list)
    for record in records:
        runs[record["system"], record["stage"]].append(record)
    rows = [
        [name, *(labelled_kwh(runs.get((name, stage), [])) for stage in STAGES)]
        for name in systems
        if "+" not in name  # a variant decodes what its system has computed
    ]
    if others:
        rows = [["measured here"], *rows, ["published by others"]]
    rows += [
        [other.name, other.training_kwh or ABSENT, other.devtest_kwh or ABSENT, ABSENT]
        for other in others
    ]
    columns = ["System", *(f"{title} kWh" for title in STAGES.values())]
    return [
        Table(f"Energy on {dataset}", columns, rows, _notes(records, others)),
        _components(runs, systems, dataset),
    ]


def labelled_kwh(runs: list[dict[str, Any]]) -> str:
    """Mean kWh of runs, with the word that says how it was found: `0.0017 (estimated)`."""
    value = kwh(*_spread([run["kwh"] for run in runs]))
    if value == ABSENT:
        return "not measurable" if runs else ABSENT
    return f"{value} ({', '.join(dict.fromkeys(run['method'] for run in runs))})"


def _components(runs: Runs, systems: list[str], dataset: str) -> Table:
    rows = []
    for name in dict.fromkeys([*systems, *(system for system, _ in runs)]):
        for stage, title in (STAGES | OTHERS).items():
            found = runs.get((name, stage), [])
            if found:
                rows.append([f"{name}, {title.lower()}", *_figures(found)])
                rows += _parts_of(name, found)
    columns = ["System, stage", "Time", "Mean power"]
    columns += [f"{title} kWh" for title in COMPONENTS.values()]
    columns += ["codecarbon kWh", "kg CO2e", "Seeds"]
    everything = [run for found in runs.values() for run in found]
    notes = [
        f"{title}: {_text(run['components'][key] for run in everything)}."
        for key, title in COMPONENTS.items()
        if everything
    ]
    return Table(f"Energy on {dataset}, components", columns, rows, notes)


def _parts_of(name: str, runs: list[dict[str, Any]]) -> list[list[str]]:
    """Rows for the phases of a stage, such as the validation that belongs to a training."""
    rows = []
    for phase in runs[0].get("phases", {}):
        found = [run["phases"].get(phase, {}) for run in runs]
        amounts = [
            kwh(*_spread([run.get(key) for run in found])) for key in [*COMPONENTS, "codecarbon"]
        ]
        seconds = statistics.fmean(run.get("seconds", 0.0) for run in found)
        rows.append(
            [f"{name}, of that {phase}", duration(seconds), ABSENT, *amounts, ABSENT, ABSENT]
        )
    return rows


def _figures(runs: list[dict[str, Any]]) -> list[str]:
    seconds = [run["seconds"] for run in runs]
    power = [
        run["kwh"] * 3.6e6 / run["seconds"] if run["kwh"] is not None and run["seconds"] else None
        for run in runs
    ]
    watts = spread(*_spread(power), 0 if all((value or 0) >= 100 for value in power) else 1)
    amounts = [kwh(*_spread([run["components"][key]["kwh"] for run in runs])) for key in COMPONENTS]
    challenge = kwh(*_spread([run["codecarbon"]["kwh"] for run in runs]))
    emissions = kwh(*_spread([run["emissions"]["kg"] for run in runs]))
    return [
        duration(statistics.fmean(seconds)),
        watts if watts == ABSENT else f"{watts} W",
        *amounts,
        challenge,
        emissions,
        str(len(runs)),
    ]


def _text(records: Any) -> str:
    """The methods that occur for a component, each with its reasons."""
    found = {
        record["method"] + (f": {record['note']}" if record["note"] else ""): None
        for record in records
    }
    return "; ".join(found)


def _spread(values: list[float | None]) -> tuple[float | None, float | None]:
    """Mean and sample standard deviation; no mean where a value is unknown, no spread of one."""
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None, None
    return statistics.fmean(known), statistics.stdev(known) if len(known) > 1 else None


def duration(seconds: float) -> str:
    """A length of time as `7.2 s`, `4 min 05 s` or `5 h 20 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _notes(records: list[dict[str, Any]], others: list[Published]) -> list[str]:
    if not records:
        return ["No energy was recorded."]
    notes = list(dict.fromkeys(limit for record in records for limit in record["limits"]))
    grids = dict.fromkeys(
        f"{1000 * record['emissions']['grid_kg_per_kwh']:.0f} g CO2e per kWh, "
        f"{record['emissions']['grid']}"
        for record in records
        if record["emissions"]["grid_kg_per_kwh"] is not None
    )
    notes += [f"Grid factor: {grid}." for grid in grids]
    if any(record["gpu_exclusive"] is False for record in records):
        notes.append("Other processes used the same GPU during some runs.")
    shares = [share_of_cpu(record) for record in records]
    if min(shares) < BUSY:
        notes.append(
            f"Other processes kept the processor busy too (down to {min(shares):.0%} of its time "
            "was the run's own); figures of the whole machine include them."
        )
    notes += grouped(others, "hardware") + grouped(others, "energy_remark")
    if others:
        notes.append("Energy of other hardware or another codecarbon version does not compare.")
    return notes


def energy_records(records: list[dict[str, Any]], others: list[Published]) -> list[dict[str, Any]]:
    """One flat record per system, stage and seed for CSV; published ones as printed."""
    flat = []
    for record in records:
        row = {key: record[key] for key in ("system", "stage", "seed")} | {"source": "measured"}
        row |= {"kwh": record["kwh"], "method": record["method"]}
        for key in COMPONENTS:
            used = record["components"][key]
            row |= {f"{key}_kwh": used["kwh"], f"{key}_method": used["method"]}
        row |= {
            "codecarbon_kwh": record["codecarbon"]["kwh"],
            "codecarbon_version": record["codecarbon"]["version"],
            "emissions_kg": record["emissions"]["kg"],
            "seconds": record["seconds"],
            "cpu_seconds": record["cpu_seconds"],
            "pieces": record["pieces"],
            "gpu_exclusive": record["gpu_exclusive"],
        }
        flat.append(row)
    for other in others:
        for stage, value in (("training", other.training_kwh), ("devtest", other.devtest_kwh)):
            row = {"system": other.name, "stage": stage, "source": other.source, "kwh": value}
            flat.append(row | {"method": other.hardware})
    return flat


def share_of_cpu(record: dict[str, Any]) -> float:
    """The stage's share of all processor time spent while it ran; 1 where too little was spent."""
    total = record["machine_cpu_seconds"]
    return min(1.0, record["cpu_seconds"] / total) if total > 1 else 1.0
