"""Silence gives nothing: frames below a level have no events."""

from collections.abc import Iterable, Iterator

import numpy as np

from sed_core.data.audio_stream import Samples
from sed_core.detection.listener import FrameScores


class QuietGate:
    """Notes the level of each frame as samples pass by, and mutes the scores of quiet frames.

    Args:
        decibels: of full scale (RMS of a frame); what is below counts as silence.
        frame_samples: samples of a frame.
    """

    def __init__(self, decibels: float, frame_samples: int) -> None:
        self.floor = 10 ** (decibels / 20)
        self.frame_samples = frame_samples
        self.left: Samples = np.zeros(0, np.float32)
        self.quiet: list[bool] = []

    def passing(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        """The blocks as they are."""
        for block in blocks:
            samples = np.concatenate([self.left, block])
            whole = len(samples) // self.frame_samples
            frames = samples[: whole * self.frame_samples].reshape(whole, self.frame_samples)
            level = np.sqrt(np.einsum("ij,ij->i", frames, frames) / self.frame_samples)
            self.quiet += (level < self.floor).tolist()
            self.left = samples[whole * self.frame_samples :]
            yield block

    def muted(self, pieces: Iterable[FrameScores]) -> Iterator[FrameScores]:
        """Scores with 0 in quiet frames; frames after the last sample are quiet."""
        for piece in pieces:
            levels, self.quiet = self.quiet[: len(piece)], self.quiet[len(piece) :]
            quiet = np.array(levels + [True] * (len(piece) - len(levels)), bool)
            yield np.where(quiet[:, None], np.float32(0), piece)
