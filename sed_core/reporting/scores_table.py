"""The tables of scores, in the layout of the published one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sed_core.reporting.further_tables import further_record, further_tables, group_records
from sed_core.reporting.published_scores import Published, grouped
from sed_core.reporting.table import ABSENT, Table, score_cell
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import read_json

METRICS_2022 = {
    "PSDS1": "psds1_dcase2022",
    "PSDS2": "psds2_dcase2022",
    "Intersection F1": "intersection_f1",
    "Collar F1": "collar_f1",
}
METRICS_EXACT = {
    "PSDS1": "psds1_exact",
    "PSDS2": "psds2_exact",
    "Class-mean PSDS1": "psds1_class_mean",
    "Class-mean PSDS2": "psds2_class_mean",
    "Segment F1": "segment_f1",
}
# what a class lacks that the metric's tool of 2022 drops from the mean
LEFT_OUT = {"intersection_f1": "a hit", "collar_f1": "an event"}


def read_scores(path: str | Path) -> dict[str, Any]:
    """Read a system's scores over its seeds (`<results>/<system>/<split>_psds.json`).

    Raises:
        SedError: the file is another one.
    """
    scores = read_json(path)
    missing = {
        "system",
        "split",
        "coverage",
        "per_class",
        "reported",
        "seeds",
        "settings",
        "summary",
    } - set(scores)
    if missing:
        raise SedError(
            f"{path} has no {', '.join(sorted(missing))}; give the scores over seeds that the "
            "rule `aggregate` writes, not those of one seed."
        )
    return scores


def scores_tables(
    systems: list[dict[str, Any]],
    *,
    dataset: str,
    others: list[Published],
    notes: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Table]:
    """Two tables, on the scale of 2022, as published, and on the exact one; then further ones.

    Args:
        systems: contents of the aggregated score files, in row order.
        dataset: name of the data set.
        others: published rows, shown below the measured ones; none for another data set.
        notes: remarks by names, on pretrained networks (`pretrained`) and on rows that are not
            there (`left_out`).
    """
    splits = ", ".join(dict.fromkeys(system["split"] for system in systems))
    counts = dict.fromkeys(str(system["settings"]["n_thresholds"]) for system in systems)
    return [
        _table(
            f"Scores on {dataset} ({splits}), scale of 2022: {', '.join(counts)} thresholds",
            METRICS_2022,
            systems,
            others,
            _notes(systems, dataset, others, notes or {}),
        ),
        _table(
            f"Scores on {dataset} ({splits}), exact scale: all thresholds",
            METRICS_EXACT,
            systems,
            [row for row in others if row.psds1_exact],
            [
                "PSDS of the two scales do not compare: the exact one is usually 0.01 higher.",
                "Class-mean PSDS leaves out the penalty for differences between classes.",
                *checked(systems),
            ],
        ),
        *further_tables(systems),
    ]


def _table(
    title: str,
    metrics: dict[str, str],
    systems: list[dict[str, Any]],
    others: list[Published],
    notes: list[str],
) -> Table:
    rows = [
        [
            system["system"] + ("†" if gaps(system) else ""),
            *(score_cell(system, key) for key in metrics.values()),
            system["reported"],
            str(len(system["seeds"])),
        ]
        for system in systems
    ]
    if others:
        rows = [["measured here"], *rows, ["published by others"]]
    for other in others:
        cells = [getattr(other, key, "") or ABSENT for key in metrics.values()]
        rows.append([other.name, *cells, other.network, ABSENT])
    return Table(title, ["System", *metrics, "Network", "Seeds"], rows, notes)


def gaps(system: dict[str, Any]) -> list[str]:
    """`split: present of expected clips` for every split that is not whole."""
    return [
        f"{split}: {count['present']} of {count['expected']} clips"
        for split, count in sorted(system["coverage"].items())
        if count["present"] < count["expected"]
    ]


def checked(systems: list[dict[str, Any]]) -> list[str]:
    """What sed_scores_eval says of the exact PSDS: where it agrees, and why it was not asked."""
    reasons: dict[str, list[str]] = defaultdict(list)
    versions: dict[str, None] = {}
    for system in systems:
        seeds = system.get("sed_scores_eval", {}).values()
        for reason in dict.fromkeys(seed["unchecked"] for seed in seeds if "unchecked" in seed):
            reasons[reason].append(system["system"])
        versions |= dict.fromkeys(seed["version"] for seed in seeds if "version" in seed)
    notes = [f"PSDS of {', '.join(names)} is {reason}" for reason, names in reasons.items()]
    if versions:
        others = " of the others" if notes else ""
        notes.append(f"sed_scores_eval {', '.join(versions)} gives the same exact PSDS{others}.")
    return notes


def undefined(system: dict[str, Any], key: str) -> str:
    """Names of the classes that a metric's convention leaves out of its mean."""
    return ", ".join(name for name, value in system["per_class"][key].items() if value is None)


def pretrained_notes(systems: list[dict[str, Any]], notes: Mapping[str, str]) -> list[str]:
    """What is to be known of the pretrained weights behind the systems, each remark once.

    Imported embeddings have a remark of their own in the provenance; the wording of the others is
    no part of any result, so that a change of it computes nothing anew.
    """
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for system in systems:
        for run in system.get("provenance", {}).values():
            used = run.get("pretrained", {})
            for note in filter(None, (used.get("note"), notes.get(used.get("model", "")))):
                if system["system"] not in groups[used["model"], note]:
                    groups[used["model"], note].append(system["system"])
    return [
        f"Pretrained network {model} of {', '.join(names)}: {note}."
        for (model, note), names in groups.items()
    ]


def _notes(
    systems: list[dict[str, Any]],
    dataset: str,
    others: list[Published],
    remarks: Mapping[str, Mapping[str, str]],
) -> list[str]:
    notes = ["F1 are means over classes, at threshold 0.5."]
    if any(len(system["seeds"]) > 1 for system in systems):
        notes.append("± is the standard deviation over seeds.")
    if any(value.get("interval") for system in systems for value in system["summary"].values()):
        notes.append(
            "In brackets: 95% interval over draws of clips (bootstrap), the reported network."
        )
    notes += [
        f"† {system['system']} was scored on part of the data ({'; '.join(gaps(system))})."
        for system in systems
        if gaps(system)
    ]
    for key, what in LEFT_OUT.items():
        groups: dict[tuple[str, str], list[str]] = defaultdict(list)
        for system in systems:
            of_2022 = system["settings"].get("f1_convention", "dcase2022") == "dcase2022"
            rule = f", as in 2022, classes without {what}" if of_2022 else " classes without events"
            groups[undefined(system, key), rule].append(system["system"])
        notes += [
            f"{key.removesuffix('_f1').capitalize()} F1 of {', '.join(who)} leaves out{rule}: "
            f"{names}."
            for (names, rule), who in groups.items()
            if names
        ]
    notes += pretrained_notes(systems, remarks.get("pretrained", {}))
    notes += [f"{row} is left out: {why}." for row, why in remarks.get("left_out", {}).items()]
    if not others:
        notes.append(f"Scores on {dataset} compare systems with each other, not with DESED's.")
    return notes + grouped(others, "source") + grouped(others, "scores_remark")


def scores_records(systems: list[dict[str, Any]], others: list[Published]) -> list[dict[str, Any]]:
    """Flat records for CSV; measured numbers in full, published ones as printed.

    One a system, with what further metrics it has, then one for each of its groups of recordings,
    with the metadata's column in `group_by` and the value in `group`.
    """
    records = []
    keys = dict.fromkeys([*METRICS_2022.values(), *METRICS_EXACT.values()])
    for system in systems:
        count = system["coverage"].get(system["split"], {})
        record = {
            "system": system["system"],
            "source": "measured",
            "split": system["split"],
            "network": system["reported"],
            "seeds": len(system["seeds"]),
            "clips_present": count.get("present"),
            "clips_expected": count.get("expected"),
        }
        named = {name: record[name] for name in ("system", "source", "split", "network", "seeds")}
        records.append(record | _flat(system["summary"], keys) | further_record(system))
        for group in group_records(system):
            summary = group.pop("summary")
            records.append(named | group | _flat(summary, keys))
    for other in others:
        given = {key: getattr(other, key, "") for key in keys}
        records.append({"system": other.name, "source": other.source, "network": other.network})
        records[-1] |= {"split": "devtest", **given}
    return records


def _flat(summary: dict[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for key in keys:
        value = summary.get(key) or {}
        low, high = value.get("interval") or (None, None)
        record |= {key: value.get("mean"), f"{key}_std": value.get("std")}
        record |= {f"{key}_low": low, f"{key}_high": high}
    return record
