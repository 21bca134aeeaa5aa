"""Events as four parallel arrays, and the TSV tables that people keep them in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sed_core.runtime.errors import SedError
from sed_core.runtime.files import atomic

COLUMNS = ("event_label", "onset", "offset", "filename")
TIME_BITS = 40  # of a sort key: microseconds of up to 12 days; the number of the clip above them


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


def read_table(path: str | Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a tab-separated file that has at least `columns`; `columns` come back as text.

    Raises:
        SedError: the file is absent, unreadable, empty or lacks a column.
    """
    try:
        table = pd.read_csv(path, sep="\t", dtype=str)
    except FileNotFoundError as error:
        raise SedError(f"{path} does not exist; check the path.") from error
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise SedError(f"{path} is not a tab-separated table ({error}).") from error
    except pd.errors.EmptyDataError:
        raise SedError(f"{path} is empty; expected a header with {', '.join(columns)}.") from None
    missing = [name for name in columns if name not in table]
    if missing:
        raise SedError(
            f"{path} has no column {', '.join(missing)}; expected a tab-separated table with the "
            f"header {', '.join(columns)}."
        )
    return table[list(columns)]


def read_events(path: str | Path, filenames: Sequence[str], classes: Sequence[str]) -> Events:
    """Read detected events from a TSV with columns event_label, onset, offset, filename.

    Raises:
        SedError: a bad table, an unknown file or label, a time that is no time, a reversed event
            or two events of one class that overlap in a clip.
    """
    return events_from_table(read_table(path, COLUMNS), filenames, classes, source=str(path))


def events_from_table(
    table: pd.DataFrame, filenames: Sequence[str], classes: Sequence[str], *, source: str
) -> Events:
    """Check a table of text columns event_label, onset, offset, filename and turn it into events.

    Exact duplicates and events without length are dropped. `source` names the table in messages.

    Raises:
        SedError: as `read_events`.
    """
    clip = _lookup(table.filename, filenames, source, "file name", "the clips to be scored")
    label = _lookup(table.event_label, classes, source, "event_label", "the classes")
    onset, offset = (_seconds(table[name], source) for name in ("onset", "offset"))
    bad = np.flatnonzero(onset > offset)
    if bad.size:
        raise SedError(
            f"{source}, row {_line(table, bad[0])}: the event ends ({offset[bad[0]]:g} s) before "
            f"it starts ({onset[bad[0]]:g} s); mend or remove that row."
        )
    bad = np.flatnonzero(onset < 0)
    if bad.size:
        raise SedError(
            f"{source}, row {_line(table, bad[0])}: the onset {onset[bad[0]]:g} s lies before the "
            f"start of the clip; onsets are seconds from its start."
        )
    events = make_events(clip, label, onset, offset)
    _refuse_overlap(events, filenames, classes, source)
    return events


def write_events(
    path: str | Path, events: Events, filenames: Sequence[str], classes: Sequence[str]
) -> None:
    """Write events as a TSV with the columns the reference uses; times have 6 decimals at most."""
    table = pd.DataFrame(
        {
            "event_label": np.asarray(classes, object)[events.label],
            "onset": np.round(events.onset, 6),
            "offset": np.round(events.offset, 6),
            "filename": np.asarray(filenames, object)[events.clip],
        }
    )
    with atomic(path) as part:
        table.to_csv(part, sep="\t", index=False)


def _line(table: pd.DataFrame, position: int) -> int:
    """Line in the file (the header is line 1) of a row of the table."""
    return int(table.index[position]) + 2


def _lookup(
    column: pd.Series, names: Sequence[str], source: str, what: str, where: str
) -> NDArray[np.int64]:
    known: Mapping[str, int] = {name: index for index, name in enumerate(names)}
    index = column.map(known).to_numpy(np.float64)
    bad = np.flatnonzero(np.isnan(index))
    if bad.size:
        value = column.iloc[bad[0]]
        shown = "empty" if pd.isna(value) else f"{value!r}"
        raise SedError(
            f"{source}, row {column.index[bad[0]] + 2}: the {what} is {shown}, which is not among "
            f"{where}; mend or remove that row ({bad.size} such rows)."
        )
    return index.astype(np.int64)


def _seconds(column: pd.Series, source: str) -> NDArray[np.float64]:
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise SedError(
            f"{source}, row {column.index[bad[0]] + 2}: the {column.name} is "
            f"{column.iloc[bad[0]]!r}; expected seconds, such as 3.52."
        )
    return values


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
