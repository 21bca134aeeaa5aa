"""Where the windows of a recording lie: samples for the networks, frames for their scores."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sed_core.config.system import System
from sed_core.data.labels import FrameGrid
from sed_core.features.embeddings.stored_windows import is_one_window, stored_starts

Samples = NDArray[np.float32]


class Window(NamedTuple):
    """A window of one of many recordings.

    Attributes:
        recording: its number.
        start: first sample.
        frame: first output frame.
        n_frames: of the whole recording, if this is its last window; else 0.
    """

    recording: int
    start: int
    frame: int
    n_frames: int


@dataclass(frozen=True)
class Windows:
    """Windows as long as the networks' clips, a hop apart, over recordings of any length.

    A recording that fits into one window (or is longer by less than half an output frame) is heard
    in one, as a clip of a data set is. For the joins `mean` and `maximum`, windows begin every hop
    while that lies inside the recording, and zeros follow its end (RealDESED's baseline,
    github.com/fschmid56/RealDESED). For `centre`, the last window ends with the recording's last
    sample instead, since zeros behind it would change what a scaler makes of the whole window.

    Attributes:
        grid: samples and frames of a window.
        join: `centre`, `mean` or `maximum` (`stitching.JOINS`).
        hop: from a window to the next, as a share of a window.
        stored: windows begin where those of embeddings in files do (`stored_starts`), whatever join
            and hop are.
    """

    grid: FrameGrid
    join: str = "centre"
    hop: float = 0.5
    stored: bool = False

    @classmethod
    def of(cls, system: System) -> "Windows":
        """The windows in which a system hears recordings."""
        stitching = system.stitching
        stored = system.reads_embeddings
        return cls(FrameGrid.of(system), stitching.join, stitching.hop, stored)

    @property
    def step(self) -> int:
        """Samples from a window to the next: whole output frames, so frames of both coincide."""
        if self.stored:
            return max(1, self.grid.n_samples // 2)
        return max(1, int(self.hop * self.grid.n_frames)) * self.grid.frame_samples

    def starts(self, n_samples: int, *, begin: int = 0) -> list[int]:
        """First samples of the windows of a recording, from a window's start `begin` on."""
        if self.stored:
            return [at for at in stored_starts(n_samples, self.grid.n_samples) if at >= begin]
        if self._is_one(n_samples):
            return [0]
        last = n_samples - self.grid.n_samples
        if self.join == "centre":
            return [*range(begin, last, self.step), last]
        return list(range(begin, n_samples, self.step))

    def _is_one(self, n_samples: int) -> bool:
        if self.stored:
            return is_one_window(n_samples, self.grid.n_samples)
        return 2 * (n_samples - self.grid.n_samples) < self.grid.frame_samples

    def frame(self, start: int) -> int:
        """The output frame nearest to a window's start, at most half a frame away."""
        length = self.grid.frame_samples
        return (2 * start + length) // (2 * length)

    def n_frames(self, n_samples: int) -> int:
        """Output frames of a recording.

        Short ones keep all frames of their window, as in 2022, when joined by `centre`; for the
        other joins, frames that end after the recording's end are left out.
        """
        last = n_samples - self.grid.n_samples
        one = self._is_one(n_samples)
        if self.join == "centre" or (self.stored and not one):
            return self.grid.n_frames + (0 if one else self.frame(last))
        if one and last >= 0:
            return self.grid.n_frames
        return max(1, n_samples // self.grid.frame_samples)

    def split(self, lengths: Sequence[int] | NDArray[np.integer]) -> list[Window]:
        """The windows of many recordings, in order.

        Args:
            lengths: samples of each.
        """
        return [
            Window(number, start, self.frame(start), n_frames if start == starts[-1] else 0)
            for number, length in enumerate(np.asarray(lengths).tolist())
            for starts, n_frames in [(self.starts(length), self.n_frames(length))]
            for start in starts
        ]

    def cut(self, blocks: Iterable[Samples]) -> Iterator[tuple[Window, Samples]]:
        """The windows of one recording that comes block by block, whose length nobody knows yet.

        Memory: two windows and a block, however long the recording.

        Args:
            blocks: (n,) samples that follow each other.

        Yields:
            What `split` says of a recording of that length, with (n_samples,) samples of the
            window, zeros after the recording's end.
        """
        held: Samples = np.zeros(0, np.float32)
        begin, start, size = 0, 0, self.grid.n_samples  # of what is held; of the next window
        for block in blocks:
            held = np.concatenate([held, block]) if len(held) else block
            # A window that ends before the recording does is never the last one.
            while begin + len(held) > start + size + self.step:
                yield Window(0, start, self.frame(start), 0), held[start - begin :][:size]
                start += self.step
                kept = max(0, start - begin)
                held, begin = held[kept:], begin + kept
        n_samples = begin + len(held)
        *others, last = self.starts(n_samples, begin=start)
        for at in (*others, last):
            window, piece = np.zeros(size, np.float32), held[at - begin :][:size]
            window[: len(piece)] = piece
            n_frames = self.n_frames(n_samples) if at == last else 0
            yield Window(0, at, self.frame(at), n_frames), window
