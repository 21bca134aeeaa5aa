"""Windows that long recordings are cut into, as DCASE 2024 cuts MAESTRO: names, times, events."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sed_core.data.annotations import Annotations, read_strong
from sed_core.runtime.errors import SedError

_NAME = re.compile(r"(?P<recording>.+)-(?P<start>\d{1,9})-(?P<end>\d{1,9})")
_PER_SECOND = 100  # names have hundredths of a second


@dataclass(frozen=True)
class RecordingWindow:
    """A window of a recording, seconds; `recording` is the file's name without its suffix."""

    recording: str
    start: float
    end: float

    @property
    def filename(self) -> str:
        """What the window is called as a clip, in the names of DCASE 2024.

        Example:
            >>> RecordingWindow("cafe_00", 5, 15).filename
            'cafe_00-000500-001500.wav'
        """
        start, end = (round(_PER_SECOND * seconds) for seconds in (self.start, self.end))
        return f"{self.recording}-{start:06d}-{end:06d}.wav"

    @classmethod
    def named(cls, filename: str) -> "RecordingWindow":
        """Read a window's name.

        Raises:
            SedError: it is none.
        """
        found = _NAME.fullmatch(Path(filename).stem)
        if found is None:
            raise SedError(
                f"{filename} is not the name of a window; expected <recording>-<start>-<end>.wav "
                "in hundredths of a second, so cut the split's recordings (window_hop)."
            )
        times = (int(found[name]) / _PER_SECOND for name in ("start", "end"))
        return cls(found["recording"], *times)


def windows_of(
    filename: str, seconds: float, *, length: float, hop: float
) -> list[RecordingWindow]:
    """Windows of a recording: whole ones, and a shorter last one where a rest remains.

    Args:
        filename: of the recording.
        seconds: its duration.
        length: of a window, seconds.
        hop: from the start of a window to that of the next, seconds.

    Example:
        >>> [(w.start, w.end) for w in windows_of("a.wav", 16.5, length=10, hop=5)]
        [(0, 10), (5, 15), (10, 16.5)]
    """
    stem = Path(filename).stem
    count = max(0, int((seconds - length + hop) / hop))
    found = [RecordingWindow(stem, hop * n, hop * n + length) for n in range(count)]
    if not found or found[-1].end < seconds:
        found.append(RecordingWindow(stem, hop * count, seconds))
    return found


def recording_durations(filenames: Iterable[str]) -> dict[str, float]:
    """Seconds of each recording, by its name without a suffix, from the names of its windows."""
    found: dict[str, float] = {}
    for window in map(RecordingWindow.named, filenames):
        found[window.recording] = max(found.get(window.recording, 0.0), window.end)
    return found


def in_recordings(filenames: "pd.Series[str]", recordings: Iterable[str]) -> "pd.Series[bool]":
    """Whether windows are of these recordings, which are named by their files."""
    known = {Path(name).stem for name in recordings}
    return filenames.map(lambda name: RecordingWindow.named(name).recording in known)


def read_cut(
    path: str | Path,
    *,
    classes: Sequence[str],
    clip_seconds: float,
    durations: Mapping[str, float],
    confidence: bool = False,
) -> Annotations:
    """Read events with times of recordings, as those of their windows.

    Args:
        path, classes, confidence: as for `annotations.read_strong`.
        clip_seconds: of a window.
        durations: the windows that are there, by name; their lengths do not matter, as names tell.

    Returns:
        `filenames`: the windows of annotated recordings; `table`: events in them, see `cut_events`.
    """
    longest = max([clip_seconds, *recording_durations(durations).values()])
    found = read_strong(path, classes=classes, clip_seconds=longest, confidence=confidence)
    names = pd.Series(sorted(durations), dtype=str)
    names = names[in_recordings(names, found.filenames)]
    return Annotations(names.tolist(), cut_events(found.table, names), found.counts)


def cut_events(events: pd.DataFrame, filenames: Iterable[str]) -> pd.DataFrame:
    """The events of recordings in their windows.

    Args:
        events: filename of the recording, onset, offset (s), and more columns.
        filenames: of the windows.

    Returns:
        The same columns; each event once for each window that it overlaps, clipped to it and
        relative to it, under the window's name, by window and onset.
    """
    names = list(filenames)
    found = [RecordingWindow.named(name) for name in names]
    windows = pd.DataFrame(
        {
            "window": names,
            "recording": [window.recording for window in found],
            "start": [window.start for window in found],
            "end": [window.end for window in found],
        }
    )
    windows = windows.sort_values(["recording", "start"], ignore_index=True)
    places = windows.groupby("recording").indices
    owners = events["filename"].map(lambda name: Path(name).stem)
    event_rows, window_rows = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for recording, rows in events.groupby(owners.to_numpy()).indices.items():
        mine = places.get(recording, np.empty(0, np.int64))
        starts, ends = windows["start"].to_numpy()[mine], windows["end"].to_numpy()[mine]
        first = np.searchsorted(ends, events["onset"].to_numpy()[rows], side="right")
        stop = np.searchsorted(starts, events["offset"].to_numpy()[rows], side="left")
        counts = np.maximum(stop - first, 0)
        event_rows.append(np.repeat(rows, counts))
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        window_rows.append(mine[np.repeat(first, counts) + within])
    both = pd.concat(
        [
            events.iloc[np.concatenate(event_rows)].reset_index(drop=True),
            windows.iloc[np.concatenate(window_rows)].reset_index(drop=True),
        ],
        axis=1,
    )
    length = both["end"] - both["start"]
    cut = both.assign(
        filename=both["window"],
        onset=(both["onset"] - both["start"]).clip(lower=0),
        offset=(both["offset"] - both["start"]).clip(upper=length),
    )
    return cut.sort_values(["filename", "onset"], kind="stable", ignore_index=True)[
        list(events.columns)
    ]
