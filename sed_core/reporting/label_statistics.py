"""Label statistics: events per class, their lengths, how they overlap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sed_core.data.layout import PreparedData
from sed_core.data.manifest import read_manifest, usable
from sed_core.data.tsv import read_table
from sed_core.reporting import style
from sed_core.reporting.table import ABSENT, Table
from sed_core.scoring.events import EMPTY
from sed_core.scoring.ground_truth import GroundTruth, read_ground_truth


@dataclass(frozen=True)
class LabelStatistics:
    """Figures of one strongly labelled split.

    Attributes:
        clips: number of clips; `empty` of them have no event.
        hours: of audio.
        events: (C,) events per class.
        seconds: per class the lengths of its events.
        together: (C, C) clips that hold both classes; the diagonal, clips that hold the class.
        polyphony: (K,) share of the time with k events at once.
    """

    clips: int
    empty: int
    hours: float
    events: NDArray[np.int64]
    seconds: list[NDArray[np.float64]]
    together: NDArray[np.int64]
    polyphony: NDArray[np.float64]


def statistics(truth: GroundTruth) -> LabelStatistics:
    """Count a ground truth."""
    events, n_classes = truth.events, len(truth.classes)
    lengths = events.offset - events.onset
    present = np.zeros((len(truth.filenames), n_classes), np.int64)
    present[events.clip, events.label] = 1
    return LabelStatistics(
        clips=len(truth.filenames),
        empty=int((~truth.has_events).sum()),
        hours=float(truth.durations.sum()) / 3600,
        events=np.bincount(events.label, minlength=n_classes),
        seconds=[lengths[events.label == label] for label in range(n_classes)],
        together=present.T @ present,
        polyphony=polyphony(truth),
    )


def polyphony(truth: GroundTruth) -> NDArray[np.float64]:
    """(K,) share of all seconds in which k = 0, 1, ... events sound at once.

    An event that goes on after its clip counts up to the clip's end.
    """
    events = truth.events
    ends = np.cumsum(truth.durations)  # clips one after the other on one line
    starts = ends - truth.durations
    onset = np.minimum(starts[events.clip] + events.onset, ends[events.clip])
    offset = np.minimum(starts[events.clip] + events.offset, ends[events.clip])
    time = np.concatenate([[0.0], onset, offset])
    change = np.concatenate([[0], np.ones(len(events), int), -np.ones(len(events), int)])
    order = np.lexsort((change, time))
    level = np.cumsum(change[order])
    spans = np.diff(time[order], append=ends[-1])
    return np.bincount(np.maximum(level, 0), spans) / ends[-1]


def read_statistics(
    data: Path, *, strong: Sequence[str], weak: Sequence[str], classes: list[str]
) -> tuple[dict[str, LabelStatistics], dict[str, NDArray[np.int64]]]:
    """What the prepared ground truth of some splits holds; only clips that are there count.

    Args:
        data: folder of prepared data, with `truth` and `manifests`.
        strong, weak: splits with such labels.
        classes: C names.

    Returns:
        Statistics of the strongly labelled splits; for the weakly labelled ones (C,) clips that
        hold each class.
    """
    prepared, counted = PreparedData(data), {}
    for split in strong:
        paths = prepared.ground_truth(split), prepared.durations(split)
        counted[split] = statistics(read_ground_truth(*paths, classes))
    return counted, {split: _weak_counts(prepared, split, classes) for split in weak}


def annotated_classes(data: Path, splits: Sequence[str], *, first: Sequence[str]) -> list[str]:
    """The classes that strongly labelled splits hold: those of `first`, then others by name."""
    prepared = PreparedData(data)
    paths = [prepared.ground_truth(split) for split in splits]
    tables = (read_table(path, ("event_label",), allow_empty=True) for path in paths)
    found = {label for table in tables for label in table.event_label} - EMPTY
    return [*first, *sorted(found - set(first))]


def _weak_counts(data: PreparedData, split: str, classes: list[str]) -> NDArray[np.int64]:
    table = read_table(data.ground_truth(split), ("filename", "event_labels"))
    present = usable(read_manifest(data.manifest(split)))
    labels = table.event_labels[table.filename.isin(present)]
    found = labels.str.split(",").explode().value_counts()
    return np.array([found.get(name, 0) for name in classes], np.int64)


def splits_table(checked: pd.DataFrame) -> Table:
    """The rows of `data.check` for people: expected, missing and odd clips of each split."""
    rows = [
        [str(split), *(ABSENT if pd.isna(value) else f"{value:,}" for value in values)]
        for split, *values in checked.itertuples(index=False)
    ]
    notes = [
        "unreadable: also empty files and files with NaN. short: than the nominal length. silent: "
        "peak below −80 dB. duplicates, elsewhere: the same samples in another clip of the split, "
        "in another split.",
    ]
    return Table("Clips of each split", list(checked.columns), rows, notes)


def table(
    splits: Mapping[str, LabelStatistics], weak: Mapping[str, NDArray], classes: list[str]
) -> Table:
    """Events per class and split, clips per class for weakly labelled ones.

    Args:
        splits: statistics of the strongly labelled splits.
        weak: (C,) clips that hold each class, for the weakly labelled ones.
        classes: C names.
    """
    columns = [
        "Class",
        *(f"{name}: events" for name in splits),
        *(f"{name}: clips" for name in weak),
    ]
    rows = [
        [
            label.replace("_", " "),
            *(f"{split.events[at]:,}" for split in splits.values()),
            *(f"{counts[at]:,}" for counts in weak.values()),
        ]
        for at, label in enumerate(classes)
    ]
    rows.append(
        [
            "all",
            *(f"{split.events.sum():,}" for split in splits.values()),
            *(f"{counts.sum():,}" for counts in weak.values()),
        ]
    )
    notes = [
        f"{name}: {split.clips:,} clips, {split.hours:.2f} h, "
        f"{split.empty} of them without any event."
        for name, split in splits.items()
    ]
    return Table("Labels", columns, rows, notes)


@style.styled
def figure(split: LabelStatistics, classes: list[str], *, title: str) -> Figure:
    """Lengths of events, classes that occur together, and how many events sound at once."""
    names = [label.replace("_", " ") for label in classes]
    places = np.arange(len(classes))
    drawing, grid = style.new(12, 1.2 + 0.34 * len(classes), columns=3)
    lengths, pairs, levels = grid[0]
    known = [at for at in places if len(split.seconds[at])]
    lengths.boxplot(
        [split.seconds[at] for at in known],
        positions=known,
        orientation="horizontal",
        widths=0.6,
        showfliers=False,
        medianprops={"color": style.TEACHER, "linewidth": 2},
    )
    lengths.set(title="Length of events", xlabel="seconds (median, quartiles, range)")
    lengths.set_yticks(places, names)
    lengths.set_ylim(len(classes) - 0.5, -0.5)
    share = split.together / np.maximum(np.diag(split.together), 1)[:, None]
    style.heatmap(pairs, share, split.together, rows=names, columns=names)
    pairs.set(title="Clips with both classes", xlabel="also holds")
    pairs.set_yticklabels([])
    levels.bar(range(len(split.polyphony)), 100 * split.polyphony, color=style.STUDENT, width=0.7)
    levels.set(title="Events at once", xlabel="number of events", ylabel="% of the time")
    levels.set_xticks(range(len(split.polyphony)))
    style.headline(drawing, title)
    return drawing
