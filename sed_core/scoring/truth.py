"""Ground truth: every clip with its duration, and the events in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sed_core.runtime.errors import SedError
from sed_core.scoring.events import COLUMNS, Events, events_from_table, read_table


@dataclass(frozen=True)
class Truth:
    """What is to be found.

    Attributes:
        filenames: the N clips, those without events too; `events.clip` points into it.
        durations: (N,) float64, seconds.
        classes: `events.label` points into it.
        events: the annotated events.
    """

    filenames: list[str]
    durations: NDArray[np.float64]
    classes: list[str]
    events: Events

    @property
    def has_events(self) -> NDArray[np.bool_]:
        """(N,) whether the clip has any event."""
        return np.bincount(self.events.clip, minlength=len(self.filenames)) > 0

    def keep(self, clips: NDArray[np.bool_]) -> "Truth":
        """The truth of the clips marked in a (N,) mask, renumbered; the others cease to exist."""
        new = np.cumsum(clips) - 1
        kept = self.events[clips[self.events.clip]]
        events = Events(new[kept.clip].astype(np.int32), kept.label, kept.onset, kept.offset)
        names = [name for name, keep in zip(self.filenames, clips, strict=True) if keep]
        return Truth(names, self.durations[clips], self.classes, events)


def read_truth(
    events_tsv: str | Path, durations_tsv: str | Path, classes: Sequence[str] | None = None
) -> Truth:
    """Read ground truth from a TSV of events and a TSV (filename, duration) of all clips.

    A row that has a file name only (the DESED way to say "nothing to hear here") adds no event.
    Clips are sorted by name. Without `classes`, those of the events are taken, sorted.

    Raises:
        SedError: a bad table, an event of an unknown clip or class, two different durations of
            one clip, a duration that is not positive, overlapping events of one class.
    """
    filenames, durations = _read_durations(durations_tsv)
    table = read_table(events_tsv, COLUMNS)
    silent = table[["event_label", "onset", "offset"]].isna().all(axis=1)
    unknown = table.filename[silent & ~table.filename.isin(filenames)]
    if len(unknown):
        raise SedError(
            f"{events_tsv}, row {unknown.index[0] + 2}: {unknown.iloc[0]} is not in "
            f"{durations_tsv}; add its duration there."
        )
    table = table[~silent]
    names = sorted(table.event_label.dropna().unique()) if classes is None else list(classes)
    events = events_from_table(table, filenames, names, source=str(events_tsv))
    return Truth(filenames, durations, names, events)


def _read_durations(path: str | Path) -> tuple[list[str], NDArray[np.float64]]:
    table = read_table(path, ("filename", "duration")).drop_duplicates()
    seconds = table.duration.astype("string").str.strip()
    bad = table.index[~seconds.str.fullmatch(r"\d*\.?\d+(e[+-]?\d+)?", case=False).fillna(False)]
    if len(bad) == 0:
        bad = table.index[seconds.astype(float) <= 0]
    if len(bad):
        raise SedError(
            f"{path}, row {bad[0] + 2}: the duration is {table.duration[bad[0]]!r}; expected "
            "seconds above 0."
        )
    twice = table.filename[table.filename.duplicated()]
    if len(twice):
        raise SedError(
            f"{path}, row {twice.index[0] + 2}: {twice.iloc[0]} is listed with two different "
            "durations; keep one."
        )
    table = table.sort_values("filename")
    return table.filename.tolist(), table.duration.to_numpy(dtype=np.float64)
