"""One line of scores for a whole recording from those of its windows, which overlap.

`mean` and `maximum` are those of RealDESED's baseline (github.com/fschmid56/RealDESED): the mean of
logits weighted by how far a frame lies from its window's ends, or the greatest posterior. `centre`
takes each frame from the window in whose middle it lies, and no other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sed_core.inference.windows import Window

Scores = NDArray[np.floating]

EDGE = 0.3
"""Weight of a window's first and last frame in `mean`; that of its middle is 1."""
SURE = 3e-8
"""How near to 0 and 1 posteriors count: 1 is the float32 nearest to all that are nearer."""


@dataclass(frozen=True)
class Join:
    """How windows meet, in three steps on arrays of (frames, …).

    Attributes:
        enter: what is held of a window's posteriors.
        meet: what is held (R, …) of earlier windows into a new one, of which the first R frames are
            the same; changes the new one.
        leave: posteriors of what is held.
    """

    enter: Callable[[Scores], Scores]
    meet: Callable[[Scores, Scores], None]
    leave: Callable[[Scores], Scores]


def weights(n_frames: int) -> NDArray[np.float64]:
    """(n_frames,) weight of each frame of a window in `mean`, a triangle."""
    if n_frames == 1:
        return np.ones(1)
    place = 2 * np.arange(n_frames) / (n_frames - 1) - 1
    return EDGE + (1 - EDGE) * (1 - np.abs(place))


def _weighted_logits(posteriors: Scores) -> Scores:
    sure = np.clip(posteriors.astype(np.float64), SURE, 1 - SURE)
    weight = weights(len(sure))[:, None]
    return np.hstack([weight * np.log(sure / (1 - sure)), weight])


def _add(held: Scores, new: Scores) -> None:
    new[: len(held)] += held


def _sigmoid_of_mean(sums: Scores) -> Scores:
    return 1 / (1 + np.exp(-sums[:, :-1] / sums[:, -1:]))


def _greater(held: Scores, new: Scores) -> None:
    np.maximum(held, new[: len(held)], out=new[: len(held)])


def _first_half(held: Scores, new: Scores) -> None:
    half = len(held) // 2
    new[:half] = held[:half]


JOINS: dict[str, Join] = {
    "centre": Join(np.copy, _first_half, np.copy),
    "mean": Join(_weighted_logits, _add, _sigmoid_of_mean),
    "maximum": Join(np.copy, _greater, np.copy),
}


class Piece(NamedTuple):
    """Scores of a recording that no later window changes.

    Attributes:
        recording: its number.
        frame: the first of these frames.
        strong: (n, C) of these frames.
        weak: (C,) of the recording, with its last piece: the greatest of its windows'. Else None.
    """

    recording: int
    frame: int
    strong: Scores
    weak: Scores | None


class Stitcher:
    """Takes windows in the order of `Windows.split` or `cut`, gives pieces in the order of time.

    Memory: one window. Scores of a recording that has one window only are not touched.

    Args:
        join: a name in `JOINS`.
    """

    def __init__(self, join: str) -> None:
        self.join = JOINS[join]
        self.held: Scores | None = None
        self.begin = 0
        self.weak: Scores | None = None

    def add(self, window: Window, strong: Scores, weak: Scores) -> Piece:
        """Add the next window.

        Args:
            window: where it lies.
            strong: (T, C) posteriors of its frames.
            weak: (C,) posteriors of the whole window.
        """
        weak = weak if self.weak is None else np.maximum(self.weak, weak)
        if self.held is None and window.n_frames:
            return Piece(window.recording, 0, strong[: window.n_frames], weak)
        new = self.join.enter(strong)
        done, begin = new[:0], window.frame
        if self.held is not None:
            begin = self.begin
            done, held = np.split(self.held, [window.frame - begin])
            self.join.meet(held, new)
        if not window.n_frames:
            self.held, self.begin, self.weak = new, window.frame, weak
            found = self.join.leave(done).astype(strong.dtype, copy=False)
            return Piece(window.recording, begin, found, None)
        self.held, self.begin, self.weak = None, 0, None
        rest = np.concatenate([done, new])[: window.n_frames - begin]
        return Piece(
            window.recording, begin, self.join.leave(rest).astype(strong.dtype, copy=False), weak
        )
