"""Tables of energy: kWh as published, components, units of work, sizes, energy-weighted scores."""

import statistics
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sed_core.energy.energy_record import NO_GPU
from sed_core.reporting.published_scores import Published, grouped
from sed_core.reporting.table import ABSENT, Table, duration, kwh, mean_and_std, spread
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import read_json

STAGES = {"training": "Training", "devtest": "Dev-test", "evaluation": "Evaluation"}
OTHERS = {"extraction": "Extraction", "scoring": "Scoring"}  # not part of the published layout
COMPONENTS = {"gpu": "GPU", "cpu": "CPU", "ram": "RAM"}
BUSY = 0.9  # own share of the processor's time below which a note says so

UNITS = {"clips": "J per clip", "steps": "J per step"}
WEIGHTED = {"training": "training", "devtest": "dev-test"}
METRICS = {"psds1_exact": "PSDS1", "psds2_exact": "PSDS2"}
SIZES = ("parameters", "macs")
JOULES = 3.6e6  # per kWh

Records = list[dict[str, Any]]


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


def _by_stage(records: Records) -> dict[tuple[str, str], Records]:
    runs: dict[tuple[str, str], Records] = defaultdict(list)
    for record in records:
        runs[record["system"], record["stage"]].append(record)
    return runs


def energy_tables(
    records: Records, *, systems: list[str], dataset: str, others: list[Published]
) -> list[Table]:
    """Two tables: kWh as published, and the components of every figure.

    Args:
        records: contents of the energy files of all systems, stages and seeds.
        systems: names in row order; those without a record get a row of dashes.
        dataset: name of the data set.
        others: published rows; none for another data set.
    """
    runs = _by_stage(records)
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


def labelled_kwh(runs: Records) -> str:
    """Mean kWh of runs, with the word that says how it was found: `0.0017 (estimated)`."""
    value = _kwh(run["kwh"] for run in runs)
    if value == ABSENT:
        return "not measurable" if runs else ABSENT
    return f"{value} ({', '.join(dict.fromkeys(run['method'] for run in runs))})"


def _components(runs: dict[tuple[str, str], Records], systems: list[str], dataset: str) -> Table:
    rows = []
    for name in dict.fromkeys([*systems, *(system for system, _ in runs)]):
        for stage, title in (STAGES | OTHERS).items():
            found = runs.get((name, stage), [])
            if found:
                rows.append([f"{name}, {title.lower()}", *_figures(found)])
                rows += _phases(name, found)
    columns = ["System, stage", "Time", "Mean power"]
    columns += [f"{title} kWh" for title in COMPONENTS.values()]
    columns += ["codecarbon kWh", "kg CO2e", "Seeds"]
    everything = [run["components"] for found in runs.values() for run in found]
    notes = [
        f"{title}: {'; '.join(dict.fromkeys(_method(used[key]) for used in everything))}."
        for key, title in COMPONENTS.items()
        if everything
    ]
    return Table(f"Energy on {dataset}, components", columns, rows, notes)


def _method(component: dict[str, Any]) -> str:
    return component["method"] + (f": {component['note']}" if component["note"] else "")


def _phases(name: str, runs: Records) -> list[list[str]]:
    """Rows for the phases of a stage, such as the validation that belongs to a training."""
    rows = []
    for phase in runs[0].get("phases", {}):
        found = [run["phases"].get(phase, {}) for run in runs]
        amounts = [
            ABSENT if _unused(runs, key) else _kwh(run.get(key) for run in found)
            for key in [*COMPONENTS, "codecarbon"]
        ]
        seconds = duration(statistics.fmean(run.get("seconds", 0.0) for run in found))
        rows.append([f"{name}, of that {phase}", seconds, ABSENT, *amounts, ABSENT, ABSENT])
    return rows


def _unused(runs: Records, key: str) -> bool:
    """Whether there was no such component: a column of zeros would look like measurements."""
    return all(run["components"].get(key, {}).get("method") == NO_GPU for run in runs)


def _figures(runs: Records) -> list[str]:
    power = [
        run["kwh"] * JOULES / run["seconds"] if run["kwh"] is not None and run["seconds"] else None
        for run in runs
    ]
    decimals = 0 if all((value or 0) >= 100 for value in power) else 1
    watts = spread(*mean_and_std(power), decimals)
    return [
        duration(statistics.fmean(run["seconds"] for run in runs)),
        watts if watts == ABSENT else f"{watts} W",
        *(
            ABSENT if _unused(runs, key) else _kwh(run["components"][key]["kwh"] for run in runs)
            for key in COMPONENTS
        ),
        _kwh(run["codecarbon"]["kwh"] for run in runs),
        _kwh(run["emissions"]["kg"] for run in runs),
        str(len(runs)),
    ]


def _kwh(values: Iterable[float | None]) -> str:
    return kwh(*mean_and_std(list(values)))


def _notes(records: Records, others: list[Published]) -> list[str]:
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


def energy_records(records: Records, others: list[Published]) -> Records:
    """One flat record per system, stage and seed for CSV; published ones as printed."""
    flat = []
    for record in records:
        row = {key: record[key] for key in ("system", "stage", "seed")} | {"source": "measured"}
        row |= {"kwh": record["kwh"], "method": record["method"]}
        for key in COMPONENTS:
            used = record["components"][key]
            row |= {f"{key}_kwh": used["kwh"], f"{key}_method": used["method"]}
        row |= {f"codecarbon_{key}": record["codecarbon"][key] for key in ("kwh", "version")}
        row["emissions_kg"] = record["emissions"]["kg"]
        row |= {key: record[key] for key in ("seconds", "cpu_seconds", "pieces", "gpu_exclusive")}
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


def full_energy_tables(
    scores: Records, records: Records, *, reference: str, dataset: str, others: list[Published]
) -> list[Table]:
    """All tables of this file; `reference` is the system for the weighted one, or empty."""
    systems = [row["system"] for row in scores]
    tables = energy_tables(records, systems=systems, dataset=dataset, others=others)
    if records:
        tables += [work_table(records, dataset=dataset), size_table(records, dataset=dataset)]
    standard = [record for record in records if record["system"] == reference]
    if standard:
        tables.append(
            weighted_table(scores, records, reference=reference, dataset=dataset, standard=standard)
        )
    return tables


def work_table(records: Records, *, dataset: str) -> Table:
    """A row per system and stage: energy per clip and step, idle power, how busy the machine was.

    Several seeds are averaged.
    """
    rows = [
        [
            f"{system}, {stage}",
            *(_number([_per(r, unit) for r in found], "{:.3g}") for unit in UNITS),
            _number([_idle(r) for r in found], "{:.1f} W"),
            _number([_above_idle(r) for r in found], "{:.3g}"),
            _number([r.get("cpu_utilisation") for r in found], "{:.0%}"),
            _number([r.get("gpu_utilisation") for r in found], "{:.0%}"),
        ]
        for (system, stage), found in _by_stage(records).items()
    ]
    columns = ["System, stage", *UNITS.values(), "Idle power", "kWh above idle"]
    notes = [
        "Idle power: GPU and processor in the two seconds before the stage, networks loaded; "
        f"{ABSENT} without a sensor. Memory has no part in it.",
        "CPU busy: the stage's own share of all cores' time. GPU busy: of the time, as sampled.",
    ]
    title = f"Energy on {dataset}, per unit of work"
    return Table(title, [*columns, "CPU busy", "GPU busy"], rows, notes)


def size_table(records: Records, *, dataset: str) -> Table:
    """Parameters and multiply-accumulates of each system and encoder.

    The records of inference and extraction know them.
    """
    sizes = {record["system"]: record["size"] for record in records if record.get("size")}
    kinds = [(model, key) for model in ("system", "encoder") for key in SIZES]
    rows = [
        [name, *(_size(size.get(model, {}).get(key)) for model, key in kinds)]
        for name, size in sizes.items()
    ]
    columns = ["Parameters", "MACs", "Encoder parameters", "Encoder MACs"]
    notes = [
        "MACs: multiply-accumulates of convolutions, matrix products and attention, for one clip "
        "and one network (student or teacher).",
        "The encoder of a system that reads extracted embeddings has a row of its own.",
    ]
    return Table(f"Size of the networks on {dataset}", ["System", *columns], rows, notes)


def weighted_table(
    scores: Records, records: Records, *, reference: str, dataset: str, standard: Records
) -> Table:
    """Energy-weighted PSDS: PSDS x kWh of the reference / kWh of the system (arXiv 2310.03455).

    Args:
        scores: aggregated score files, in row order.
        records: energy records of the systems.
        reference: name of the reference, for the title.
        standard: energy records of the reference.
        dataset: name of the data set.

    Returns:
        A dash stands where an energy is unknown or the two were not taken on the same hardware
        with the same methods: such a ratio would mean nothing.
    """
    rows = []
    for row in scores:
        cells = []
        for stage in WEIGHTED:
            found = runs_of(records, row["system"], stage)
            ratio = _ratio(runs_of(standard, reference, stage), found)
            cells += [
                ABSENT if ratio is None else f"{row['summary'][metric]['mean'] * ratio:.3f}"
                for metric in METRICS
            ]
        rows.append([row["system"], *cells])
    columns = [f"EW-{name}, {words}" for words in WEIGHTED.values() for name in METRICS.values()]
    notes = [
        f"EW-PSDS = PSDS (exact) × kWh of {reference} / kWh of the system, on one machine.",
        "A variant (+) counts the energy of its system; decoding takes seconds of one core.",
    ]
    if any("estimated" in record["method"] for record in records):
        notes.append("Energies that are estimated from load and nominal power mostly compare time.")
    return Table(f"Energy-weighted scores on {dataset}", ["System", *columns], rows, notes)


def runs_of(records: Records, system: str, stage: str) -> Records:
    """The records of a stage of a system; a variant costs what its system costs."""
    base = system.partition("+")[0]
    return [record for record in records if (record["system"], record["stage"]) == (base, stage)]


def _ratio(standard: Records, found: Records) -> float | None:
    everything = [*standard, *found]
    alike = {(str(r.get("hardware")), r["method"]) for r in everything}
    if not standard or not found or len(alike) > 1 or not all(r["kwh"] for r in everything):
        return None
    return statistics.fmean(r["kwh"] for r in standard) / statistics.fmean(r["kwh"] for r in found)


def _per(record: dict[str, Any], unit: str) -> float | None:
    count = record.get("work", {}).get(unit)
    return record["kwh"] * JOULES / count if count and record["kwh"] is not None else None


def _size(count: int | None) -> str:
    """A count with three digits: 1.11 M."""
    if count is None:
        return ABSENT
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return str(count)


def _idle(record: dict[str, Any]) -> float | None:
    known = [watts for watts in record.get("idle_watts", {}).values() if watts is not None]
    return sum(known) if known else None


def _above_idle(record: dict[str, Any]) -> float | None:
    idle = _idle(record)
    if idle is None or record["kwh"] is None:
        return None
    return record["kwh"] - idle * record["seconds"] / JOULES


def _number(values: list[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    return form.format(statistics.fmean(known)) if known else ABSENT
