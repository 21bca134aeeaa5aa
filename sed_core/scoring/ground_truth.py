"""Ground truth: every clip with its duration, and the events in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sed_core.data.tsv import numbers, read_table, reject
from sed_core.runtime.errors import SedError
from sed_core.scoring.events import (
    COLUMNS,
    EMPTY,
    Events,
    events_from_table,
    make_events,
    without_events,
)


@dataclass(frozen=True)
class GroundTruth:
    """What is to be found.

    Attributes:
        filenames: the N clips, those without events too; `events.clip` points into it.
        durations: (N,) float64, seconds.
        classes: `events.label` points into it.
        events: the annotated events.
        annotated: (N,) whether a clip has events of any class, where `classes` are a choice; None:
            as `events` say.
    """

    filenames: list[str]
    durations: NDArray[np.float64]
    classes: list[str]
    events: Events
    annotated: NDArray[np.bool_] | None = None

    @property
    def has_events(self) -> NDArray[np.bool_]:
        """(N,) whether the clip has any event."""
        if self.annotated is not None:
            return self.annotated
        return np.bincount(self.events.clip, minlength=len(self.filenames)) > 0

    def keep(self, clips: NDArray[np.bool_]) -> "GroundTruth":
        """The truth of the clips marked in a (N,) mask, renumbered; the others cease to exist."""
        new = np.cumsum(clips) - 1
        kept = self.events[clips[self.events.clip]]
        events = Events(new[kept.clip].astype(np.int32), kept.label, kept.onset, kept.offset)
        names = [name for name, keep in zip(self.filenames, clips, strict=True) if keep]
        annotated = None if self.annotated is None else self.annotated[clips]
        return GroundTruth(names, self.durations[clips], self.classes, events, annotated)

    def relabel(self, classes: Sequence[str]) -> "GroundTruth":
        """The truth of the given classes only, numbered in their order."""
        number = {name: index for index, name in enumerate(classes)}
        new = np.array([number.get(name, -1) for name in self.classes], np.int64)
        events = self.events[new[self.events.label] >= 0]
        label = new[events.label]
        events = make_events(events.clip, label, events.onset, events.offset)
        return GroundTruth(self.filenames, self.durations, list(classes), events, self.has_events)


def read_ground_truth_of(
    events_tsv: str | Path,
    durations_tsv: str | Path,
    classes: Sequence[str],
    *,
    source: str | Path,
    only: Sequence[str] | None = None,
) -> GroundTruth:
    """Read the ground truth of scores of the given classes (see `read_ground_truth`).

    Args:
        events_tsv, durations_tsv: the tables.
        classes: of the scores.
        source: where those are, for messages.
        only: the classes that count; None for all.

    Raises:
        SedError: a class of the truth, or one that is asked for, has no scores.
    """
    truth = read_ground_truth(events_tsv, durations_tsv)
    lacking = sorted(set(only if only is not None else truth.classes) - set(classes))
    if lacking:
        raise SedError(
            f"{source} has no scores of {', '.join(lacking)}, only of {', '.join(classes)}; use "
            f"scores and truth ({events_tsv}) of one data set, or name with --classes what counts."
        )
    return truth.relabel(only if only is not None else classes)


def read_ground_truth(
    events_tsv: str | Path, durations_tsv: str | Path, classes: Sequence[str] | None = None
) -> GroundTruth:
    """Read ground truth from a TSV of events and a TSV (filename, duration) of all clips.

    A row that has a file name only (the DESED way to say "nothing to hear here") adds no event.
    Clips are sorted by name. Without `classes`, those of the events are taken, sorted.

    Raises:
        SedError: a bad table, an event of an unknown clip or class, two different durations of
            one clip, a duration that is not positive, overlapping events of one class.
    """
    filenames, durations = _read_durations(durations_tsv)
    table = read_table(events_tsv, COLUMNS, allow_empty=True)
    silent = without_events(table)
    complaint = f"{{filename}} is not in {durations_tsv}; add its duration there."
    reject(events_tsv, table, silent & ~table.filename.isin(filenames), complaint)
    table = table[~silent]
    names = sorted(set(table.event_label) - EMPTY) if classes is None else list(classes)
    events = events_from_table(table, filenames, names, source=str(events_tsv))
    return GroundTruth(filenames, durations, names, events)


def _read_durations(path: str | Path) -> tuple[list[str], NDArray[np.float64]]:
    table = read_table(path, ("filename", "duration"))
    table = table[~table.duplicated()]
    seconds = numbers(table.duration)
    bad = ~(np.isfinite(seconds) & (seconds > 0))
    reject(path, table, bad, "the duration is {duration!r}; expected seconds above 0.")
    twice = table.filename.duplicated()
    reject(path, table, twice, "{filename} is there with two durations; keep one.")
    order = np.argsort(table.filename.to_numpy(str), kind="stable")
    return table.filename.iloc[order].tolist(), seconds[order]
