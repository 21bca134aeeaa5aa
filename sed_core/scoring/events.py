"""Events as four parallel arrays, and the TSV tables that people keep them in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sed_core.data.tsv import numbers, read_table, reject, write_table
from sed_core.runtime.errors import SedError

COLUMNS = ("event_label", "onset", "offset", "filename")
EMPTY = {"", "nan", "NaN"}  # pandas and spreadsheets write a missing cell in these ways


@dataclass(frozen=True)
class Events:
    """M events of some clips, sorted by clip, label, onset.

    Attributes:
        clip: (M,) int32, index into a list of file names kept beside the events.
        label: (M,) int16, index into a list of classes kept beside the events.
        onset: (M,) float64, seconds from the start of the clip.
        offset: (M,) float64, seconds, after the onset.
    """

    clip: NDArray[np.int32]
    label: NDArray[np.int16]
    onset: NDArray[np.float64]
    offset: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.clip)

    def __getitem__(self, rows: NDArray) -> "Events":
        return Events(self.clip[rows], self.label[rows], self.onset[rows], self.offset[rows])


def make_events(clip: ArrayLike, label: ArrayLike, onset: ArrayLike, offset: ArrayLike) -> Events:
    """Sort events by clip, label, onset; drop exact duplicates and events without length."""
    columns = np.stack([np.asarray(c, np.float64) for c in (clip, label, onset, offset)], axis=1)
    columns = np.unique(columns[columns[:, 3] > columns[:, 2]], axis=0)
    return Events(
        columns[:, 0].astype(np.int32),
        columns[:, 1].astype(np.int16),
        columns[:, 2].copy(),
        columns[:, 3].copy(),
    )


def microseconds(seconds: ArrayLike) -> NDArray[np.int64]:
    """Round times to whole microseconds, in which overlaps are exact."""
    return np.rint(np.asarray(seconds, np.float64) * 1e6).astype(np.int64)


def row_keys(row: ArrayLike, stride: int) -> NDArray[np.int64]:
    """Where each row of a table begins on one line on which every row takes `stride` microseconds.

    A row is a clip, or a class of a clip; times below the stride then sort by row first.

    Raises:
        SedError: the line does not fit into 64 bits.
    """
    rows = np.asarray(row, np.int64)
    if (int(rows.max(initial=0)) + 1) * stride >= 1 << 62:
        raise SedError(
            f"{int(rows.max()) + 1} clips (times classes) of up to {stride / 1e6:.0f} s are more "
            "than can be scored at once; correct the times, or score fewer clips at a time."
        )
    return rows * stride


def read_events(path: str | Path, filenames: Sequence[str], classes: Sequence[str]) -> Events:
    """Read detected events from a TSV with columns event_label, onset, offset, filename.

    A row that has a file name only says that nothing was found there.

    Raises:
        SedError: a bad table, an unknown file or label, a time that is no time, a reversed event
            or two events of one class that overlap in a clip.
    """
    table = read_table(path, COLUMNS, allow_empty=True)
    table = table[~without_events(table)]
    return events_from_table(table, filenames, classes, source=str(path))


def events_from_table(
    table: pd.DataFrame, filenames: Sequence[str], classes: Sequence[str], *, source: str
) -> Events:
    """Check a table of text columns event_label, onset, offset, filename and turn it into events.

    Exact duplicates and events without length are dropped. `source` names the table in messages.

    Raises:
        SedError: as `read_events`.
    """
    clip = _lookup(table, "filename", filenames, source, "the clips to be scored")
    label = _lookup(table, "event_label", classes, source, "the classes")
    onset, offset = numbers(table.onset), numbers(table.offset)
    for name, times in (("onset", onset), ("offset", offset)):
        bad = ~np.isfinite(times)
        reject(source, table, bad, f"{name} is {{{name}!r}}; expected seconds, such as 3.52.")
    reject(
        source,
        table,
        onset > offset,
        "the event ends ({offset} s) before it starts ({onset} s); mend or remove it.",
    )
    reject(source, table, onset < 0, "the onset {onset} s lies before the start of the clip.")
    events = make_events(clip, label, onset, offset)
    _refuse_overlap(events, filenames, classes, source)
    return events


def without_events(table: pd.DataFrame) -> "pd.Series[bool]":
    """Which rows have a file name only: the DESED way to say that nothing is there."""
    return table[["event_label", "onset", "offset"]].isin(EMPTY).all(axis=1)


def write_events(
    path: str | Path, events: Events, filenames: Sequence[str], classes: Sequence[str]
) -> None:
    """Write events as a TSV with the columns the reference uses."""
    write_table(path, events_table(events, filenames, classes))


def events_table(events: Events, filenames: Sequence[str], classes: Sequence[str]) -> pd.DataFrame:
    """A row an event, with the columns the reference uses; times have 6 decimals at most."""
    return pd.DataFrame(
        {
            "event_label": np.asarray(classes, object)[events.label],
            "onset": np.round(events.onset, 6),
            "offset": np.round(events.offset, 6),
            "filename": np.asarray(filenames, object)[events.clip],
        }
    )


def _lookup(
    table: pd.DataFrame, column: str, names: Sequence[str], source: str, where: str
) -> NDArray[np.int64]:
    """Positions of the cells of a column in `names`."""
    known: Mapping[str, int] = {name: index for index, name in enumerate(names)}
    position = table[column].map(known).to_numpy(np.float64)
    complaint = f"{column} {{{column}!r}} is not among {where}; mend or remove that row."
    reject(source, table, np.isnan(position), complaint)
    return position.astype(np.int64)


def _refuse_overlap(
    events: Events, filenames: Sequence[str], classes: Sequence[str], source: str
) -> None:
    same = (np.diff(events.clip) == 0) & (np.diff(events.label) == 0)
    onset, offset = microseconds(events.onset), microseconds(events.offset)
    bad = np.flatnonzero(same & (onset[1:] < offset[:-1]))
    if bad.size:
        first = bad[0]
        raise SedError(
            f"{source}: two {classes[events.label[first]]} events overlap in "
            f"{filenames[events.clip[first]]} (from {events.onset[first]:g} s and from "
            f"{events.onset[first + 1]:g} s); events of one class may touch, not overlap: merge "
            f"them ({bad.size} such pairs)."
        )
