"""Energy per clip and training step, relative to a reference system on the same machine."""

import statistics
from typing import Any

from sed_core.reporting.energy_table import energy_tables
from sed_core.reporting.published_scores import Published
from sed_core.reporting.table import ABSENT, Table

UNITS = {"clips": "J per clip", "steps": "J per step"}
STAGES = {"training": "training", "devtest": "dev-test"}
METRICS = {"psds1_exact": "PSDS1", "psds2_exact": "PSDS2"}
SIZES = ("parameters", "macs")
JOULES = 3.6e6  # per kWh

Records = list[dict[str, Any]]


def full_energy_tables(
    scores: Records, records: Records, *, reference: str, dataset: str, others: list[Published]
) -> list[Table]:
    """kWh as published, components, units of work, energy-weighted scores.

    Args:
        scores: aggregated score files, in row order.
        records: energy records of all systems.
        reference: the system that energies are compared with; empty for none.
        dataset: name of the data set.
        others: published rows.
    """
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

    Args:
        records: contents of energy files; several seeds are averaged.
        dataset: name of the data set.
    """
    groups: dict[tuple[str, str], Records] = {}
    for record in records:
        groups.setdefault((record["system"], record["stage"]), []).append(record)
    rows = [
        [
            f"{system}, {stage}",
            *(_number([_per(r, unit) for r in found], "{:.3g}") for unit in UNITS),
            _number([_idle(r) for r in found], "{:.1f} W"),
            _number([_above_idle(r) for r in found], "{:.3g}"),
            _number([r.get("cpu_utilisation") for r in found], "{:.0%}"),
            _number([r.get("gpu_utilisation") for r in found], "{:.0%}"),
        ]
        for (system, stage), found in groups.items()
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

    Args:
        records: contents of energy files; those of inference and extraction know the sizes.
        dataset: name of the data set.
    """
    sizes = {record["system"]: record["size"] for record in records if record.get("size")}
    rows = [
        [
            name,
            *(
                _size(size.get(model, {}).get(key))
                for model in ("system", "encoder")
                for key in SIZES
            ),
        ]
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
        base = row["system"].partition("+")[0]
        cells = []
        for stage in STAGES:
            ratio = _ratio(_stage(standard, None, stage), _stage(records, base, stage))
            cells += [
                ABSENT if ratio is None else f"{row['summary'][metric]['mean'] * ratio:.3f}"
                for metric in METRICS
            ]
        rows.append([row["system"], *cells])
    columns = [f"EW-{name}, {words}" for words in STAGES.values() for name in METRICS.values()]
    notes = [
        f"EW-PSDS = PSDS (exact) × kWh of {reference} / kWh of the system, on one machine.",
        "A variant (+) counts the energy of its system; decoding takes seconds of one core.",
    ]
    if any("estimated" in record["method"] for record in records):
        notes.append("Energies that are estimated from load and nominal power mostly compare time.")
    return Table(f"Energy-weighted scores on {dataset}", ["System", *columns], rows, notes)


def _stage(records: Records, system: str | None, stage: str) -> Records:
    return [r for r in records if r["stage"] == stage and system in (None, r["system"])]


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
