"""What hears: a model that takes sound block by block and gives frame scores in order of time."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray

from sed_core.data.audio_stream import Samples
from sed_core.data.labels import FrameGrid
from sed_core.data.resamplers import DEFAULT
from sed_core.features.embeddings.yamnet import PATCH_SAMPLES, YAMNet
from sed_core.inference.predict import Predictor
from sed_core.inference.recordings import hear
from sed_core.inference.windows import Windows

FrameScores = NDArray[np.float32]


class Listener(ABC):
    """A model for sound of any length.

    Attributes:
        classes: names of the columns of its scores.
        sample_rate: of the samples that it takes, Hz.
        resampler: by which other rates become this one (`data.resamplers`).
        frame_seconds: length of a frame.
        median_window: frames, one number or one a class: the filter that belongs to the model.
        thresholds: by class, chosen on validation and stored with the model; None: it has none.
        latency: seconds of sound after a frame's end that its score waits for.
    """

    classes: list[str]
    sample_rate: int
    resampler: str = DEFAULT
    frame_seconds: float
    median_window: int | list[int] = 1
    thresholds: Mapping[str, float] | None = None
    latency: float

    @abstractmethod
    def hear(self, blocks: Iterable[Samples]) -> Iterator[FrameScores]:
        """Scores (n, C) of one recording, frame after frame from its first; memory is bounded.

        Args:
            blocks: (n,) mono samples at `sample_rate`, one after the other.
        """


class SystemListener(Listener):
    """A trained system; it hears in the windows of the workflow and of `sedlab predict`.

    Args:
        predictor: the system.
        network: student or teacher.
        batch_size: windows at a time; 1 for the least latency.
    """

    median_window = 7  # as in 2022, and `sedlab predict`

    def __init__(self, predictor: Predictor, network: str, batch_size: int | None = None) -> None:
        system = predictor.system
        self.predictor, self.network = predictor, network
        self.batch_size = batch_size or predictor.batch_size
        self.classes = system.dataset.classes
        self.thresholds = predictor.thresholds.get(network)
        self.sample_rate, self.resampler = system.dataset.sample_rate, system.dataset.resampler
        grid = FrameGrid.of(system)
        self.frame_seconds = grid.frame_seconds
        # A window is heard once a hop more is there: only then it cannot be the last one.
        step = Windows.of(system).step
        self.latency = (grid.n_samples + 2 * step) / self.sample_rate

    def hear(self, blocks: Iterable[Samples]) -> Iterator[FrameScores]:
        """Scores as in the workflow."""
        pieces = hear(self.predictor, blocks, network=self.network, batch_size=self.batch_size)
        return (piece.strong for piece in pieces)


class YAMNetListener(Listener):
    """YAMNet: a frame a patch, whose middle is the frame's.

    Args:
        encoder: with its classifier.
        classes: names of its scores.
        device: that computes.
        patches: at a time; 1 for the least latency.
    """

    def __init__(
        self, encoder: YAMNet, classes: list[str], device: torch.device, patches: int = 64
    ) -> None:
        self.encoder, self.device = encoder.to(device).eval(), device
        self.classes, self.patches = classes, patches
        self.sample_rate = encoder.sample_rate
        self.hop = encoder.hop_samples()
        self.frame_seconds = self.hop / self.sample_rate
        self.before = (PATCH_SAMPLES - self.hop) // 2
        self.latency = (PATCH_SAMPLES - self.before - self.hop) / self.sample_rate

    def hear(self, blocks: Iterable[Samples]) -> Iterator[FrameScores]:
        """As the network itself scores the whole recording at once."""
        held = np.zeros(self.before, np.float32)
        n_samples = done = 0
        length = PATCH_SAMPLES + (self.patches - 1) * self.hop
        for block in chain(blocks, [None]):
            if block is None:  # the end: zeros fill the last patches
                left = -(-n_samples // self.hop) - done
                if left <= 0:
                    return
                whole = PATCH_SAMPLES + (left - 1) * self.hop
                held = np.concatenate([held, np.zeros(max(0, whole - len(held)), np.float32)])
                yield from self._in_turn(held, left)
                return
            n_samples += len(block)
            held = np.concatenate([held, block])
            while len(held) >= length:
                yield self._scores(held[:length])
                held, done = held[self.patches * self.hop :], done + self.patches

    def _in_turn(self, held: Samples, left: int) -> Iterator[FrameScores]:
        for first in range(0, left, self.patches):
            count = min(self.patches, left - first)
            begin = first * self.hop
            yield self._scores(held[begin : begin + PATCH_SAMPLES + (count - 1) * self.hop])

    @torch.inference_mode()
    def _scores(self, samples: Samples) -> FrameScores:
        waveform = torch.from_numpy(samples[None]).to(self.device)
        patches = self.encoder.patches(self.encoder.log_mel(waveform), self.hop)
        found = self.encoder.logits(self.encoder.embeddings(patches)).sigmoid()
        return found[0].cpu().numpy()
