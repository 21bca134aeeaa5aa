"""Annotation files in the DESED layout, with every row checked before anything is computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sed_core.data.tsv import numbers, read_table, reject

STRONG_COLUMNS = ("filename", "onset", "offset", "event_label")
SOFT_COLUMNS = (*STRONG_COLUMNS, "confidence")
WEAK_COLUMNS = ("filename", "event_labels")
OVERHANG = 0.2
"""Seconds that an event may last beyond its file. In DESED's dev-test 16 events do, by up to
0.12 s, and 2022 scores them as they are."""
ROUNDING = 1e-6
"""By how much a confidence may exceed 1: sums of annotators' weights, as in MAESTRO, do."""


@dataclass(frozen=True)
class Annotations:
    """What one annotation file says.

    Attributes:
        filenames: every clip it names, in file order, also those without an event.
        table: strong: filename, onset, offset (s, float64), event_label, one row an event;
            weak: filename, event_labels (comma list), one row a clip;
            none: filename, one row a clip.
        counts: what was found, merged and dropped; JSON-like.
    """

    filenames: list[str]
    table: pd.DataFrame
    counts: dict[str, Any] = field(default_factory=dict)


def read_strong(
    path: str | Path,
    *,
    classes: Sequence[str],
    clip_seconds: float,
    durations: Mapping[str, float] | None = None,
    confidence: bool = False,
) -> Annotations:
    """Read events with times.

    Rows whose onset, offset and label are all empty name a clip without events, as in DESED.
    Repeated rows and events without extent are dropped; events of one class that overlap or
    touch in a clip become one; all are counted. Against the file's own length: an event may end up
    to `OVERHANG` after it (DESED has some) and is kept for scoring, a longer one is cut there, and
    one that begins after a file shorter than the clip is dropped; all are counted.

    Args:
        path: TSV with the columns filename, onset, offset, event_label.
        classes: the class names that may occur.
        clip_seconds: nominal length of a clip.
        durations: real lengths in seconds of the files that are there; the events of others, which
            nobody reads, are not held against any. None: all are of nominal length.
        confidence: read the column of that name, too (0..1, an event of 0 is none). The table
            then has it, and events that overlap stay as they are.

    Raises:
        SedError: on the first row that is wrong, naming it.
    """
    rows = read_table(path, SOFT_COLUMNS if confidence else STRONG_COLUMNS)
    _check_filenames(path, rows)
    event = rows[["onset", "offset", "event_label"]]
    rows[event.columns] = event = event.replace(["nan", "NaN"], "")  # as pandas may have written
    empty = event == ""
    reject(
        path,
        rows,
        empty.any(axis=1) & ~empty.all(axis=1),
        "onset ({onset!r}), offset ({offset!r}) and event_label ({event_label!r}) must be all "
        "given or, for a clip without events, all empty; complete this row.",
    )
    events = rows[~empty.all(axis=1)]
    _check_classes(path, events, events["event_label"], classes)
    events = _with_confidence(path, events) if confidence else events
    end = _ends(events["filename"], clip_seconds, durations)
    events = _check_times(path, events, np.maximum(end, clip_seconds))
    after, beyond = events["offset"] > end, events["onset"] >= end
    cut = ~beyond & (events["offset"] > end + OVERHANG)
    held = events.assign(offset=events["offset"].mask(cut, end))[~beyond]

    unique = held.drop_duplicates()
    extended = unique[unique["onset"] < unique["offset"]]
    merged = merge_overlaps(extended)
    filenames = rows["filename"].unique().tolist()
    counts = {
        "rows": len(rows),
        "clips": len(filenames),
        "clips_without_events": len(filenames) - merged["filename"].nunique(),
        "events": len(merged),
        "repeated_rows_dropped": len(held) - len(unique),
        "zero_length_dropped": len(unique) - len(extended),
        "same_class_overlaps_merged": len(extended) - len(merged),
        "events_ending_after_clip": int(after.sum()),
        "events_cut_at_end_of_file": int(cut.sum()),
        "events_beyond_end_of_file_dropped": int(beyond.sum()),
        "events_per_class": _per_class(merged["event_label"], classes),
    }
    if confidence:
        return Annotations(filenames, extended[list(SOFT_COLUMNS)].reset_index(drop=True), counts)
    return Annotations(filenames, merged, counts)


def read_weak(path: str | Path, *, classes: Sequence[str]) -> Annotations:
    """Read clip labels: filename, event_labels (class names with commas; empty for none).

    Raises:
        SedError: on the first row that is wrong, naming it.
    """
    rows = read_table(path, WEAK_COLUMNS)
    _check_filenames(path, rows)
    labels = rows["event_labels"].str.split(",").explode().str.strip()
    labels = labels[rows["event_labels"].loc[labels.index] != ""]
    nameless = rows.index.isin(labels.index[labels == ""])
    complaint = "event_labels {event_labels!r} has a comma without a class; delete that comma."
    reject(path, rows, nameless, complaint)
    _check_classes(path, rows, labels, classes)
    rows["event_labels"] = rows["event_labels"].str.replace(r"\s*,\s*", ",", regex=True)
    table = rows.drop_duplicates()
    reject(
        path,
        table,
        table.duplicated("filename"),
        "{filename} has other labels further up; keep one row for each clip.",
    )
    counts = {
        "rows": len(rows),
        "clips": len(table),
        "clips_without_events": int((table["event_labels"] == "").sum()),
        "repeated_rows_dropped": len(rows) - len(table),
        "labels_per_class": _per_class(table["event_labels"].str.split(",").explode(), classes),
    }
    return Annotations(table["filename"].tolist(), table.reset_index(drop=True), counts)


def read_list(path: str | Path) -> Annotations:
    """Read the clips that a file names in its column `filename`, whatever else it holds.

    Raises:
        SedError: on the first row that is wrong, naming it.
    """
    rows = read_table(path, ["filename"])
    _check_filenames(path, rows)
    table = rows.drop_duplicates(ignore_index=True)
    counts = {"rows": len(rows), "clips": len(table)}
    return Annotations(table["filename"].tolist(), table, counts)


def named_clips(*tables: str | Path | None) -> list[str] | None:
    """The clips that all of the tables that there are name, in file order; None without a table."""
    names = [read_list(table).filenames for table in tables if table]
    if not names:
        return None
    everywhere = set(names[0]).intersection(*names)
    return [name for name in names[0] if name in everywhere]


def merge_overlaps(events: pd.DataFrame) -> pd.DataFrame:
    """Join events of one class that overlap or touch in a clip.

    Scoring needs this: the public metrics refuse such ground truth. The encoded frames are the
    same with and without.

    Returns:
        The same columns, in the order in which each (joined) event is first named.
    """
    table = events.assign(first=np.arange(len(events)))
    table = table.sort_values(["filename", "event_label", "onset"], kind="stable")
    group = table.groupby(["filename", "event_label"], sort=False)
    reach = group["offset"].cummax().groupby([table["filename"], table["event_label"]]).shift()
    run = (~(table["onset"] <= reach)).cumsum()  # a new run starts beyond all earlier offsets
    joined = table.groupby(run).agg(
        filename=("filename", "first"),
        onset=("onset", "min"),
        offset=("offset", "max"),
        event_label=("event_label", "first"),
        first=("first", "min"),
    )
    return joined.sort_values("first", ignore_index=True)[list(STRONG_COLUMNS)]


def _check_filenames(path: str | Path, rows: pd.DataFrame) -> None:
    names = rows["filename"]
    reject(path, rows, names == "", "no filename; name the clip or delete this row.")
    reject(
        path,
        rows,
        names.str.contains(r"[/\\]"),
        "{filename} names a folder; expected a bare file name, so put all clips of a split into "
        "one folder.",
    )


def _check_classes(
    path: str | Path, rows: pd.DataFrame, labels: "pd.Series[str]", classes: Sequence[str]
) -> None:
    unknown = labels[~labels.isin(classes)]
    if len(unknown):
        complaint = (
            f"unknown class {unknown.iloc[0]!r}; expected one of {', '.join(classes)}, so correct "
            "this row or add the class to the data set's configuration."
        )
        bad = rows.index.isin(unknown.index)
        reject(path, rows, bad, complaint.replace("{", "{{").replace("}", "}}"))


def _check_times(path: str | Path, events: pd.DataFrame, limit: Any) -> pd.DataFrame:
    """Events with their times as float64 seconds."""
    timed = events.assign(onset=numbers(events["onset"]), offset=numbers(events["offset"]))
    for column in ("onset", "offset"):
        reject(
            path,
            events,
            ~np.isfinite(timed[column]),
            f"{column} {{{column}!r}} is not a number; expected seconds such as 1.25, so correct "
            "this row.",
        )
        reject(
            path,
            events,
            timed[column] < 0,
            f"{column} {{{column}}} is negative; expected seconds from the clip's start, so "
            "correct this row.",
        )
    reject(
        path,
        events,
        timed["onset"] > timed["offset"],
        "onset {onset} is after offset {offset}; expected onset < offset, so correct this row.",
    )
    reject(
        path,
        timed.assign(limit=limit),
        timed["onset"] >= limit,
        "onset {onset:g} is not inside the clip of {limit:g} s; correct this row or the data "
        "set's clip_seconds.",
    )
    return timed


def _with_confidence(path: str | Path, events: pd.DataFrame) -> pd.DataFrame:
    """Events whose confidence, as float64, is above 0; a rounding error above 1 is 1."""
    values = numbers(events["confidence"])
    complaint = "confidence {confidence!r}; expected a number from 0 to 1, so correct this row."
    reject(path, events, ~((values >= 0) & (values <= 1 + ROUNDING)), complaint)
    return events.assign(confidence=np.minimum(values, 1))[values > 0]


def _ends(
    filenames: "pd.Series[str]", clip_seconds: float, durations: Mapping[str, float] | None
) -> Any:
    """End of each row's file, seconds; infinite where its length is not known."""
    if durations is None:
        return np.full(len(filenames), float(clip_seconds))
    return filenames.map(dict(durations)).astype(float).fillna(np.inf).to_numpy()


def _per_class(labels: "pd.Series[Any]", classes: Sequence[str]) -> dict[str, int]:
    found = labels.value_counts()
    return {name: int(found.get(name, 0)) for name in classes}
