"""Tables of what a configuration asks for beyond DESED's metrics: further ones, and groups."""

from typing import Any

from sed_core.reporting.table import Table, score_cell, spread

TITLES = {
    "segment_auroc": "Segment AUROC",
    "segment_auroc_0.1": "up to FPR 0.1",
    "psds2_no_cross_triggers": "PSDS2 without cross-triggers",
    "pi_psds1": "piPSDS1",
    "pi_psds2": "piPSDS2",
    "recording_auroc": "mAUC of seconds",
    "recording_auroc_0.1": "mpAUC of seconds",
    "recording_best_f1": "Best F1 of seconds",
}
OF_GROUPS = {"PSDS1": "psds1_exact", "PSDS2": "psds2_exact", "Collar F1": "collar_f1"}


def further_tables(systems: list[dict[str, Any]]) -> list[Table]:
    """One table of the further metrics, one for each metadata column; none where none is asked for.

    Args:
        systems: contents of the aggregated score files, in row order.
    """
    columns = dict.fromkeys(column for system in systems for column in system.get("groups", {}))
    return [*_metrics(systems), *(_groups(systems, column) for column in columns)]


def further_record(system: dict[str, Any]) -> dict[str, Any]:
    """The further metrics of a system as one flat record, with their deviation over seeds."""
    record: dict[str, Any] = {}
    for name, found in system.get("further", {}).items():
        for kind in ("value", "class_mean"):
            if kind in found:
                key = name if kind == "value" else f"{name}_{kind}"
                record |= {key: found[kind].get("mean"), f"{key}_std": found[kind].get("std")}
    return record


def group_records(system: dict[str, Any]) -> list[dict[str, Any]]:
    """One record a group of recordings: which it is, its clips and its `summary`."""
    return [
        {
            "group_by": column,
            "group": name,
            "clips_present": group["clips"],
            "clips_expected": group["clips"],
            "summary": group["summary"],
        }
        for column, groups in system.get("groups", {}).items()
        for name, group in groups.items()
    ]


def _metrics(systems: list[dict[str, Any]]) -> list[Table]:
    names = [name for name in TITLES if any(name in one.get("further", {}) for one in systems)]
    kinds = [
        (name, kind)
        for name in names
        for kind in ("value", "class_mean")
        if any(kind in system.get("further", {}).get(name, {}) for system in systems)
    ]
    if not kinds:
        return []
    head = [TITLES[name] + (", class mean" if kind != "value" else "") for name, kind in kinds]
    rows = []
    for system in systems:
        cells = []
        for name, kind in kinds:
            found = system.get("further", {}).get(name, {}).get(kind, {})
            cells.append(spread(found.get("mean"), found.get("std"), 3))
        rows.append([system["system"], *cells])
    notes = []
    if any(name.startswith("segment_auroc") for name in names):
        notes.append(
            "Segment AUROC: area under the ROC curve of seconds, mean over classes; of a part of "
            "it, divided by that part's width."
        )
    if any(name.startswith("recording_") for name in names):
        notes.append(
            "Seconds of recordings: the mean score of the windows that heard each; area under the "
            "ROC curve, whole and up to a false positive rate of 0.1 (DCASE 2024's mpAUC), and F1 "
            "at the best threshold of each class, which is a bound."
        )
    if any(name.startswith("pi_") for name in names):
        notes.append(
            "piPSDS takes the best of many median windows at each rate, chosen on the clips that "
            "are scored: a bound, not a result."
        )
    return [Table("Further metrics, exact scale", ["System", *head], rows, notes)]


def _groups(systems: list[dict[str, Any]], column: str) -> Table:
    rows, absent = [], {}
    for system in systems:
        for name, group in system.get("groups", {}).get(column, {}).items():
            cells = [score_cell(group, key) for key in OF_GROUPS.values()]
            minutes = f"{group['seconds'] / 60:.1f}"
            rows.append([name, system["system"], str(group["clips"]), minutes, *cells])
            absent[name] = group["absent"]
    rows.sort(key=lambda row: row[0])  # stable: systems keep their order in each group
    notes = [
        "Each group is scored as if it were all there is; in brackets: 95% interval over draws of "
        "its clips.",
        *(
            f"{name} has no {', '.join(classes)}, which its means leave out."
            for name, classes in sorted(absent.items())
            if classes
        ),
    ]
    head = [column, "System", "Clips", "Minutes", *OF_GROUPS]
    return Table(f"Scores by {column}, exact scale", head, rows, notes)
