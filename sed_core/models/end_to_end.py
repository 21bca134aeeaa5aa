"""The pretrained network that a fused system runs inside, trained end to end or frozen."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from sed_core.config.system import System
from sed_core.data.labels import FrameGrid
from sed_core.data.layout import PreparedData
from sed_core.features.embeddings.alignment_registry import ALIGNMENTS
from sed_core.features.embeddings.encoder import Encoder, MelEncoder
from sed_core.features.embeddings.encoder_registry import encoder_class
from sed_core.features.embeddings.encoder_weights import load_named
from sed_core.runtime.files import read_json


class EndToEnd(nn.Module):
    """Embeddings from waveforms, by a network that is part of the system.

    Frozen, it stays in evaluation mode and keeps no activations. Fine-tuned, it is trained by the
    CRNN's optimiser; memory: AST base384 takes about 0.7 GB a clip in float32.

    Args:
        encoder: the network.
        system: says which kind of embedding, and whether it is frozen.
    """

    def __init__(self, encoder: Encoder, system: System) -> None:
        super().__init__()
        encoder.check_length(system.dataset.clip_seconds)
        self.encoder = encoder.eval()
        encoder.check_kind(system.pretrained.kind)
        self.kind, self.frozen = system.pretrained.stored, system.pretrained.freezed
        self.encoder.requires_grad_(not self.frozen)
        grid = FrameGrid.of(system)
        build = ALIGNMENTS.get(system.pretrained.kind)
        self.alignment = build and build(encoder.frame_times(grid.n_samples), grid.centres)
        self.silence = torch.zeros(1, grid.n_samples)
        with torch.no_grad():
            self.embedding_size = encoder.embed(self.silence, self.kind).shape[1]

    @classmethod
    def from_state(cls, system: System, state: Mapping[str, Tensor]) -> Self:
        """From the tensors in a trained system's file."""
        network = encoder_class(str(system.pretrained.network), system.pretrained.options)
        return cls(network.from_state(state), system)

    def freeze_unused(self) -> None:
        """Freeze what the wanted kind does not depend on, such as the head of another.

        It has nothing to learn, and processes that share a batch wait for a gradient of everything
        that has.
        """
        parameters = [p for p in self.encoder.parameters() if p.requires_grad]
        if not parameters:
            return
        found = self.encoder.embed(self.silence, self.kind)
        slopes = torch.autograd.grad(found.sum(), parameters, allow_unused=True)
        for parameter, slope in zip(parameters, slopes, strict=True):
            parameter.requires_grad_(slope is not None)

    def train(self, mode: bool = True) -> Self:
        """Switch to training; a frozen network stays in evaluation."""
        super().train(mode)
        if self.frozen:
            self.encoder.eval()
        return self

    def forward(self, waveforms: Tensor) -> Tensor:
        """(B, S) -> (B, D) or (B, D, T), aligned ones on the frames of the CRNN."""
        return self._embeddings(self.encoder, waveforms)

    @property
    def front(self) -> MelEncoder:
        """The encoder where its front end can be augmented, as has been checked beforehand."""
        assert isinstance(self.encoder, MelEncoder)
        return self.encoder

    def from_features(self, features: Tensor) -> Tensor:
        """The same as `forward` of what the encoder's front end gives, (B, F, T)."""
        return self._embeddings(self.front.from_features, features)

    def _embeddings(self, hear: Callable[..., dict[str, Tensor]], sound: Tensor) -> Tensor:
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            found = hear(sound, self.kind)[self.kind].float()
        return found if self.alignment is None else self.alignment(found)


def end_to_end(system: System, data: Path) -> EndToEnd:
    """The network that the system trains or runs inside, with its pretrained weights.

    Args:
        system: configuration.
        data: prepared data, with the receipt of the weights.

    Raises:
        SedError: the weights are not there or are others.
    """
    encoder = load_named(read_json(PreparedData(data).weights_receipt(system.pretrained)))
    network = EndToEnd(encoder, system)
    network.freeze_unused()
    return network
