"""What a prepared data set holds: clips, labels and how the labels are spread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sed_core.data.manifest import read_manifest

COLUMNS = (
    "split",
    "expected",
    "present",
    "missing",
    "unreadable",  # also empty files and files with NaN
    "short",
    "silent",
    "duplicates",  # clips whose sound another clip of the split has too
    "elsewhere",  # clips whose sound is in another split as well
    "labels",  # events of strong splits, clip labels of weak ones
    "hours",
)


@dataclass(frozen=True)
class Labels:
    """Label statistics of the clips of a split that are there.

    Attributes:
        counts: (C,) int64, events (strong) or clips (weak) per class.
        durations: seconds of each event, float64 (M,); empty for weak labels.
        classes: class index of each event, int64 (M,).
        together: (C, C) int64, clips in which both classes occur; the diagonal holds the clips
            with the class.
        polyphony: (K,) float64, seconds with 0, 1, 2, … events at a time; empty for weak labels.
    """

    counts: NDArray[np.int64]
    durations: NDArray[np.float64]
    classes: NDArray[np.int64]
    together: NDArray[np.int64]
    polyphony: NDArray[np.float64]


def check(
    manifests: Mapping[str, Path], truths: Mapping[str, Path], *, classes: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, Labels]]:
    """Count what is there and what is odd about it.

    Args:
        manifests: split -> manifest.
        truths: split -> cleaned annotations; splits without labels may be left out.
        classes: class names of the data set.

    Returns:
        One row a split with the columns `COLUMNS`, and the label statistics by split.
    """
    tables = {split: read_manifest(path) for split, path in manifests.items()}
    found = {split: table[table["status"] == "ok"] for split, table in tables.items()}
    home = pd.concat(
        [table[["digest"]].drop_duplicates().assign(split=split) for split, table in found.items()]
    )
    shared = set(home["digest"][home["digest"].duplicated()])
    labels = {
        split: read_labels(truths[split], found[split], classes=classes)
        for split in manifests
        if split in truths
    }
    rows = [
        _row(split, table, shared, labels[split].counts.sum() if split in labels else None)
        for split, table in tables.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS), {k: v for k, v in labels.items() if v.counts.any()}


def read_labels(truth: Path, present: pd.DataFrame, *, classes: Sequence[str]) -> Labels:
    """Statistics of the annotations of the clips in `present` (rows of a manifest)."""
    table = pd.read_csv(truth, sep="\t", dtype={"filename": str})
    table = table[table["filename"].isin(present["filename"])]
    if "event_labels" in table:
        split = table.assign(event_label=table["event_labels"].str.split(","))
        events = split.explode("event_label").dropna(subset="event_label")
    else:
        events = table.reindex(columns=["filename", "onset", "offset", "event_label"])
        events = events.dropna(subset="event_label")
    index = pd.Index(classes).get_indexer(pd.Index(events["event_label"]))
    clip, names = pd.factorize(events["filename"])
    occurs = np.zeros((len(names), len(classes)), dtype=np.int64)
    occurs[clip, index] = 1
    timed = "onset" in events
    spans = events[["onset", "offset"]].to_numpy(dtype=np.float64) if timed else np.zeros((0, 2))
    return Labels(
        counts=np.bincount(index, minlength=len(classes)),
        durations=spans[:, 1] - spans[:, 0],
        classes=index if timed else np.zeros(0, dtype=np.int64),
        together=occurs.T @ occurs,
        polyphony=polyphony(clip, spans, total=present["duration"].sum()) if timed else np.zeros(0),
    )


def polyphony(
    clip: NDArray[np.int64], spans: NDArray[np.float64], *, total: float
) -> NDArray[np.float64]:
    """Seconds in which 0, 1, 2, … events sound at once.

    Args:
        clip: (M,) which clip each event belongs to.
        spans: (M, 2) onset and offset, seconds.
        total: seconds of all clips together.
    """
    clips = np.concatenate([clip, clip])
    times = np.concatenate([spans[:, 0], spans[:, 1]])
    steps = np.repeat([1, -1], len(clip))
    order = np.lexsort((steps, times, clips))  # ends before beginnings at one time
    level = np.cumsum(steps[order])[:-1]  # back at 0 at the end of each clip
    lengths = np.diff(times[order])
    same = np.diff(clips[order]) == 0
    seconds = np.bincount(level[same], weights=lengths[same], minlength=1).astype(np.float64)
    seconds[0] = total - seconds[1:].sum()
    return seconds


def label_table(labels: Mapping[str, Labels], classes: Sequence[str]) -> pd.DataFrame:
    """Labels per class (rows) and split (columns)."""
    counts = {split: found.counts for split, found in labels.items()}
    return pd.DataFrame({"class": list(classes), **counts})


def to_arrays(labels: Mapping[str, Labels], classes: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Everything for plots, for `numpy.savez`: `classes`, and `<split>/<statistic>`."""
    arrays: dict[str, NDArray[Any]] = {"classes": np.array(list(classes))}
    for split, found in labels.items():
        arrays |= {f"{split}/{name}": value for name, value in vars(found).items()}
    return arrays


def to_markdown(table: pd.DataFrame) -> str:
    """A table as Markdown: text left, numbers right with thousands separators."""
    texts = [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    rule = ["---"] + ["---:"] * (len(table.columns) - 1)
    lines = [[str(name) for name in table.columns], rule, *texts]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _row(split: str, table: pd.DataFrame, shared: set[str], labels: int | None) -> dict[str, Any]:
    status, present = table["status"], table[table["status"] == "ok"]
    flags = present["flags"].str.get_dummies(",").reindex(columns=["short", "silent"], fill_value=0)
    return {
        "split": split,
        "expected": len(table),
        "present": len(present),
        "missing": int((status == "missing").sum()),
        "unreadable": int((~status.isin(["ok", "missing"])).sum()),
        "short": int(flags["short"].sum()),
        "silent": int(flags["silent"].sum()),
        "duplicates": int(present["digest"].duplicated(keep=False).sum()),
        "elsewhere": int(present["digest"].isin(shared).sum()),
        "labels": labels,
        "hours": round(float(present["duration"].sum()) / 3600, 2),
    }


def _cell(value: Any) -> str:
    if value is None or value != value:
        return "–"
    return value if isinstance(value, str) else f"{value:,.2f}".removesuffix(".00")
