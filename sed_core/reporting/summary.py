"""The summary of a report: which system is best, how sure that is, and what it cost."""

import statistics
from typing import Any

from sed_core.reporting.energy_tables import labelled_kwh
from sed_core.reporting.scores_table import score_cell
from sed_core.reporting.table import ABSENT, Table

SCORES = {"PSDS1": "psds1_exact", "PSDS2": "psds2_exact", "Collar F1": "collar_f1"}
STAGES = {"training": "Training", "devtest": "Dev-test"}
CLEAR = 0.05

Records = list[dict[str, Any]]


def summary_table(scores: Records, energy: Records, *, dataset: str) -> Table:
    """One row per system: exact scores with their intervals, and kWh.

    Args:
        scores: aggregated score files, in row order.
        energy: energy records of all systems; a variant costs what its system costs.
        dataset: name of the data set.
    """
    rows = [
        [
            row["system"],
            *(score_cell(row, key) for key in SCORES.values()),
            *(labelled_kwh(_runs(energy, row["system"], stage)) for stage in STAGES),
        ]
        for row in scores
    ]
    notes = ["PSDS at all thresholds (exact scale); F1 at threshold 0.5, mean over classes."]
    if any(value.get("interval") for row in scores for value in row["summary"].values()):
        notes.append("In brackets: 95% interval over draws of clips (bootstrap).")
    columns = ["System", *SCORES, *(f"{words} kWh" for words in STAGES.values())]
    return Table(f"Summary on {dataset}", columns, rows, notes)


def verdict(scores: Records, compared: Records, energy: Records) -> str:
    """One or two sentences: the best system by PSDS1, against the first one, and its training.

    Args:
        scores: aggregated score files, in row order; the first is what others are compared with.
        compared: differences of `comparison.comparison_records`.
        energy: energy records of all systems.
    """
    best = max(scores, key=lambda row: (row["summary"]["psds1_exact"]["mean"], row["system"]))
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
    cost = [r["kwh"] for r in _runs(energy, name, "training") if r["kwh"]]
    base = [r["kwh"] for r in _runs(energy, first, "training") if r["kwh"]]
    if cost and base and name.partition("+")[0] != first:
        ratio = statistics.fmean(cost) / statistics.fmean(base)
        words += f" Its training took {ratio:.2g} times the energy of {first}."
    return words


def _runs(energy: Records, system: str, stage: str) -> Records:
    base = system.partition("+")[0]
    return [record for record in energy if (record["system"], record["stage"]) == (base, stage)]


def without_empty_columns(table: Table) -> Table:
    """The table without the columns that hold no value in any row."""
    full = [row for row in table.rows if len(row) > 1]
    kept = [
        at
        for at in range(len(table.columns))
        if at == 0 or not full or any(row[at] not in (ABSENT, "") for row in full)
    ]
    rows = [[row[at] for at in kept] if len(row) > 1 else row for row in table.rows]
    return Table(table.title, [table.columns[at] for at in kept], rows, table.notes)
