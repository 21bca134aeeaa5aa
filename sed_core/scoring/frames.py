"""Frame scores of clips of any lengths, laid end to end, so that a long clip pads no other.

A clip with n frames takes n + 1 slots: one a frame, and a last one that stands for its end. A slot
has a time (where its frame begins) and, in each class, a score; that of a last slot is -inf, so
no run of active frames goes on into the next clip, and a run from slot a up to slot b lasts from
the time of a to the time of b.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from sed_core.runtime.errors import SedError
from sed_core.scoring.decode import frame_times


@dataclass(frozen=True)
class FrameScores:
    """Scores of one network on N clips.

    Attributes:
        filenames: (N,) the clips.
        classes: (C,) names.
        n_frames: (N,) int64, frames of each clip.
        first: (N,) int64, slot of each clip's first frame.
        time: (S,) float64, seconds from the start of the clip.
        lines: for each class (S,) scores in the precision they came in.
    """

    filenames: list[str]
    classes: list[str]
    n_frames: NDArray[np.int64]
    first: NDArray[np.int64]
    time: NDArray[np.float64]
    lines: list[NDArray[np.floating]]

    def select(self, filenames: Sequence[str]) -> "FrameScores":
        """The given clips; scores are shared, not copied."""
        position = {name: index for index, name in enumerate(self.filenames)}
        rows = np.array([position[name] for name in filenames], np.int64)
        return replace(
            self, filenames=list(filenames), n_frames=self.n_frames[rows], first=self.first[rows]
        )

    def take(self, classes: Sequence[str]) -> "FrameScores":
        """The given classes in the given order."""
        lines = [self.lines[self.classes.index(name)] for name in classes]
        return replace(self, classes=list(classes), lines=lines)

    def slot_clips(self, clips: NDArray) -> NDArray[np.int32]:
        """(S,) number of the clip that has each slot, from one a clip; -1 of no clip here."""
        owner = np.full(len(self.time), -1, np.int32)
        owner[spread(self.first, self.n_frames + 1)] = np.repeat(clips, self.n_frames + 1)
        return owner

    @cached_property
    def whole(self) -> bool:
        """Whether the clips here are all that the lines hold."""
        return int((self.n_frames + 1).sum()) == len(self.time)

    def extent(self) -> tuple[float, float]:
        """Lowest and highest score."""
        low = min(float(line.min(initial=np.inf, where=line > -np.inf)) for line in self.lines)
        return low, max(float(line.max(initial=-np.inf)) for line in self.lines)

    def refuse_nan(self, source: str) -> None:
        """Raise SedError that names the first clip with a score that is not a finite number."""
        bad = np.zeros(len(self.time), bool)
        for line in self.lines:
            bad |= ~np.isfinite(line)
        frames = bad[spread(self.first, self.n_frames)]
        if frames.any():
            owner = np.repeat(np.arange(len(self.filenames)), self.n_frames)[frames]
            raise SedError(
                f"{source}: the scores of {self.filenames[owner[0]]} are not all finite numbers "
                f"({len(np.unique(owner))} such clips); look for NaN in the model or its input."
            )

    def filtered(self, label: int, window: int) -> NDArray[np.floating]:
        """(S,) scores of a class after `decode.median_filter` over `window` frames.

        Slots of clips that are not here are -inf. Every clip is set between its own mirror images,
        so one pass over the line filters all clips, however many lengths there are.
        """
        line = self.lines[label]
        if window == 1 and self.whole:
            return line
        result = np.full_like(line, -np.inf)
        kept = spread(self.first, self.n_frames)
        if window == 1:
            result[kept] = line[kept]
            return result
        half = window // 2
        real = self.n_frames > 0
        lengths, first = self.n_frames[real], self.first[real]
        padded = lengths + 2 * half
        place = spread(np.cumsum(padded) - padded + half, lengths)  # of frames on the padded line
        around = np.arange(int(padded.sum())) - np.repeat(np.cumsum(padded) - padded + half, padded)
        period = np.repeat(2 * lengths, padded)
        around %= period
        source = np.where(around < period // 2, around, period - 1 - around)
        source += np.repeat(first, padded)
        result[kept] = median_filter(line[source], size=window)[place]
        return result


def spread(first: NDArray, count: NDArray) -> NDArray[np.int64]:
    """`first[i]`, `first[i]` + 1, … (`count[i]` numbers) for each i, one after the other."""
    start = np.repeat(first - np.cumsum(count) + count, count)
    return start + np.arange(len(start))


def first_slots(n_frames: NDArray) -> NDArray[np.int64]:
    """(N,) first slot of each clip when all lie end to end."""
    slots = np.asarray(n_frames, np.int64) + 1
    return np.cumsum(slots) - slots


def grid_times(n_frames: NDArray, frame_seconds: float) -> NDArray[np.float64]:
    """(S,) times of the slots of clips whose frames all have one length."""
    slots = np.asarray(n_frames, np.int64) + 1
    return frame_times(spread(np.zeros_like(slots), slots), frame_seconds)


def from_padded(
    strong: NDArray[np.floating],
    *,
    filenames: Sequence[str],
    classes: Sequence[str],
    frame_seconds: float,
    n_frames: NDArray | None = None,
) -> FrameScores:
    """Scores (N, T, C), of which clip i has `n_frames[i]` frames (None: all T)."""
    lengths = np.full(len(strong), strong.shape[1]) if n_frames is None else np.asarray(n_frames)
    scores = empty(filenames, classes, lengths, frame_seconds, strong.dtype)
    fill(scores, 0, strong)
    return scores


def empty(
    filenames: Sequence[str],
    classes: Sequence[str],
    n_frames: NDArray,
    frame_seconds: float,
    dtype: np.dtype,
) -> FrameScores:
    """Room for scores, -inf everywhere."""
    time = grid_times(n_frames, frame_seconds)
    return FrameScores(
        filenames=list(filenames),
        classes=list(classes),
        n_frames=np.asarray(n_frames, np.int64),
        first=first_slots(n_frames),
        time=time,
        lines=[np.full(len(time), -np.inf, dtype) for _ in classes],
    )


def fill(scores: FrameScores, start: int, strong: NDArray[np.floating]) -> None:
    """Set the scores of the clips from number `start` on; `strong` is (B, T, C), padded."""
    clips = slice(start, start + len(strong))
    lengths = scores.n_frames[clips]
    slots = spread(scores.first[clips], lengths)
    real = np.arange(strong.shape[1]) < lengths[:, None]
    for label, line in enumerate(scores.lines):
        line[slots] = strong[..., label][real]


def blocks(n_frames: NDArray, width: int, limit: int) -> Iterator[slice]:
    """Neighbouring clips that, padded to their longest, hold at most `limit` scores (or are one).

    `width` is the number of classes.
    """
    start, longest = 0, 0
    for row, length in enumerate(np.asarray(n_frames).tolist()):
        longest = max(longest, length)
        if row > start and (row + 1 - start) * longest * width > limit:
            yield slice(start, row)
            start, longest = row, length
    if start < len(n_frames):
        yield slice(start, len(n_frames))
