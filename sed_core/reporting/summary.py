"""The summary of a report: which system is best, how sure that is, and what it cost."""

import math
import statistics
from typing import Any

from sed_core.reporting.comparison import CLEAR
from sed_core.reporting.energy_tables import runs_of
from sed_core.reporting.table import ABSENT, Table, mean_and_std, score_cell, spread

SCORES = {"PSDS1": "psds1_exact", "PSDS2": "psds2_exact", "Collar F1": "collar_f1"}
STAGES = {"training": "Training", "devtest": "Dev-test"}
UNITS = {"kWh": 1.0, "Wh": 1e3, "mWh": 1e6, "µWh": 1e9}  # of a kWh

Records = list[dict[str, Any]]


def summary_table(scores: Records, energy: Records, *, dataset: str) -> Table:
    """One row per system: exact scores with their intervals, and energy.

    Args:
        scores: aggregated score files, in row order.
        energy: energy records of all systems; a variant costs what its system costs.
        dataset: name of the data set.
    """
    names = [row["system"] for row in scores]
    costs = {title: _costs(energy, names, stage) for stage, title in STAGES.items()}
    rows = [
        [
            row["system"],
            *(score_cell(row, key) for key in SCORES.values()),
            *(cells[at] for _, cells in costs.values()),
        ]
        for at, row in enumerate(scores)
    ]
    notes = ["PSDS at all thresholds (exact scale); F1 at threshold 0.5, mean over classes."]
    if any(value.get("interval") for row in scores for value in row["summary"].values()):
        notes.append("In brackets: 95% interval over draws of clips (bootstrap).")
    methods = dict.fromkeys(
        run["method"] for stage in STAGES for name in names for run in runs_of(energy, name, stage)
    )
    if methods:
        notes.append(f"Energy: {', '.join(methods)}; the section on energy tells how.")
    columns = ["System", *SCORES, *(f"{title} {unit}" for title, (unit, _) in costs.items())]
    return Table(f"Summary on {dataset}", columns, rows, notes)


def _costs(energy: Records, names: list[str], stage: str) -> tuple[str, list[str]]:
    """A unit in which the column can be read, and a cell for each system."""
    runs = {name: runs_of(energy, name, stage) for name in names}
    found = {name: mean_and_std([run["kwh"] for run in runs[name]]) for name in names}
    least = min((mean for mean, _ in found.values() if mean), default=1.0)
    unit = next((unit for unit, scale in UNITS.items() if least * scale >= 1), "µWh")
    decimals = min(3, max(0, 2 - math.floor(math.log10(least * UNITS[unit]))))
    cells = []
    for name, (mean, std) in found.items():
        unknown = "not measurable" if runs[name] else ABSENT
        known = spread(mean, std, decimals, scale=UNITS[unit])
        cells.append(unknown if mean is None else known)
    return unit, cells


def ranked(scores: Records) -> Records:
    """Systems by their exact PSDS1, the best first."""
    return sorted(
        scores,
        key=lambda row: (row["summary"]["psds1_exact"]["mean"], row["system"]),
        reverse=True,
    )


def verdict(scores: Records, compared: Records, energy: Records) -> str:
    """One or two sentences: the best system by PSDS1, against the first one, and its training.

    Args:
        scores: aggregated score files, in row order; the first is what others are compared with.
        compared: differences of `comparison.comparison_records`.
        energy: energy records of all systems.
    """
    best = ranked(scores)[0]
    name, first = best["system"], scores[0]["system"]
    words = f"{name} has the highest PSDS1: {score_cell(best, 'psds1_exact')}."
    found = [
        row
        for row in compared
        if (row["system"], row["against"], row["metric"]) == (name, first, "psds1_exact")
    ]
    if found:
        difference, p = found[0]["difference"], found[0]["p"]
        clear = "more than the choice of clips explains" if p < CLEAR else "not a clear difference"
        words += f" That is {difference:+.3f} against {first}, {clear} (p = {p:.3f})."
    cost = [r["kwh"] for r in runs_of(energy, name, "training") if r["kwh"]]
    base = [r["kwh"] for r in runs_of(energy, first, "training") if r["kwh"]]
    if cost and base and name.partition("+")[0] != first:
        ratio = statistics.fmean(cost) / statistics.fmean(base)
        words += f" Its training took {ratio:.2g} times the energy of {first}."
    return words
