"""What hears: a model that takes sound block by block and gives frame scores in order of time."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sed_core.config.system import System
from sed_core.data.audio_stream import Samples
from sed_core.data.resamplers import DEFAULT
from sed_core.detection.look_ahead import look_ahead
from sed_core.features.embeddings.yamnet import PATCH_SAMPLES, YAMNet
from sed_core.inference.predict import Predictor
from sed_core.inference.recordings import hear_windows, scores_of
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
        weak: (C,) scores of the whole recording, once it is heard, where the model gives such.
        tuned: post-processing of whole recordings that belongs to the model (`scoring.tune`), in
            place of the median filter.
        latency: seconds of sound after a frame's end that its score waits for.
    """

    classes: list[str]
    sample_rate: int
    resampler: str = DEFAULT
    frame_seconds: float
    median_window: int | list[int] = 1
    thresholds: Mapping[str, float] | None = None
    weak: NDArray[np.float32] | None = None
    tuned: Mapping[str, Any] | None = None
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
        score: waveforms (B, S) of windows -> posteriors (B, T, C) and (B, C).
        system: its configuration.
        batch_size: windows at a time; 1 for the least latency.
    """

    def __init__(
        self,
        score: Callable[[Samples], tuple[np.ndarray, np.ndarray]],
        system: System,
        *,
        batch_size: int,
    ) -> None:
        self.score, self.windows, self.batch_size = score, Windows.of(system), batch_size
        self.classes = system.dataset.classes
        self.median_window = system.training.median_window
        if system.training.weak_mask:  # which is known when the whole recording is heard
            self.tuned = _masked(self.classes, self.median_window)
        self.sample_rate, self.resampler = system.dataset.sample_rate, system.dataset.resampler
        grid = self.windows.grid
        self.frame_seconds, self.look_ahead = grid.frame_seconds, look_ahead(system)
        # A window is heard once a hop more is there: only then it cannot be the last one.
        self.latency = (grid.n_samples + 2 * self.windows.step) / self.sample_rate

    def hear(self, blocks: Iterable[Samples]) -> Iterator[FrameScores]:
        """Scores as in the workflow."""
        for piece in hear_windows(self.score, self.windows, blocks, batch_size=self.batch_size):
            self.weak = piece.weak
            yield piece.strong


def _masked(classes: list[str], window: int | list[int]) -> dict[str, Any]:
    """The post-processing of FDY-SED, as `scoring.tune` writes one."""
    windows = window if isinstance(window, list) else [window] * len(classes)
    parameters = {"window": windows, "weak_mask": [True] * len(classes)}
    return {"method": "median", "classes": classes, "parameters": parameters}


def system_listener(
    predictor: Predictor, network: str, *, batch_size: int | None = None
) -> SystemListener:
    """A system in torch; `network` is its student or teacher."""
    size = batch_size or predictor.batch_size
    listener = SystemListener(scores_of(predictor, network), predictor.system, batch_size=size)
    listener.thresholds = predictor.thresholds.get(network)
    return listener


class PatchListener(Listener):
    """A network that scores patches, each by itself: a frame a patch, whose middle is the frame's.

    Args:
        score: samples (1, PATCH_SAMPLES + (n - 1) * hop) -> (n, C) scores of n patches.
        classes: names of the scores.
        hop: samples between two patches.
        sample_rate: Hz.
        patches: at a time; 1 for the least latency.
    """

    def __init__(
        self,
        score: Callable[[Samples], FrameScores],
        classes: list[str],
        *,
        hop: int,
        sample_rate: int,
        patches: int = 64,
    ) -> None:
        self.score, self.classes, self.hop = score, classes, hop
        self.sample_rate, self.patches = sample_rate, patches
        self.frame_seconds = hop / sample_rate
        self.before = (PATCH_SAMPLES - hop) // 2
        self.latency = (PATCH_SAMPLES - self.before - hop) / sample_rate

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
                yield self.score(held[None, :length])
                held, done = held[self.patches * self.hop :], done + self.patches

    def _in_turn(self, held: Samples, left: int) -> Iterator[FrameScores]:
        for first in range(0, left, self.patches):
            count = min(self.patches, left - first)
            begin = first * self.hop
            stop = begin + PATCH_SAMPLES + (count - 1) * self.hop
            yield self.score(held[None, begin:stop])


def yamnet_listener(
    encoder: YAMNet, classes: list[str], device: torch.device, patches: int = 64
) -> PatchListener:
    """YAMNet, its classifier included."""
    network = PatchScores(encoder).to(device).eval()

    @torch.inference_mode()
    def score(samples: Samples) -> FrameScores:
        return network(torch.from_numpy(samples).to(device))[0].cpu().numpy()

    hop = encoder.hop_samples()
    return PatchListener(score, classes, hop=hop, sample_rate=encoder.sample_rate, patches=patches)


class PatchScores(nn.Module):
    """YAMNet from samples to the scores of its patches; what is exported."""

    def __init__(self, encoder: YAMNet) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, waveforms: Tensor) -> Tensor:
        """(1, PATCH_SAMPLES + (n - 1) * hop) -> (1, n, C)."""
        encoder = self.encoder
        patches = encoder.patches(encoder.log_mel(waveforms), encoder.hop_samples())
        return encoder.logits(encoder.embeddings(patches)).sigmoid()
