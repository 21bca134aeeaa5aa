"""The interface of a pretrained network, and the kinds of embedding it gives."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from sed_core.config.embedding_kinds import readable
from sed_core.features.embeddings.fold_norms import fold_norms
from sed_core.features.precision import half_type
from sed_core.runtime.errors import SedError

State = Mapping[str, Tensor]


class Encoder(nn.Module, ABC):
    """Waveforms in, embeddings out; the front end is part of it and runs on the same device.

    Attributes:
        sample_rate: of the waveforms, Hz.
        kinds: those that it gives, of `embedding_kinds.EXTRACTED`.
        alignable: whether `frame` goes by time first, so that a system may read it aligned in any
            of the ways of `alignment_registry.py`.
        max_seconds: of a clip that it hears, which a configuration reads here, as it does `kinds`.
        block_list: name of its list of blocks, which may learn at rates of their own; empty: none.
        options: attributes that a configuration can change, see `configured`.
    """

    sample_rate = 16000  # as `config.split_roles` has it, which a test holds against this
    kinds: ClassVar[tuple[str, ...]]
    alignable: ClassVar[bool] = True
    max_seconds: ClassVar[float] = math.inf
    block_list: ClassVar[str] = ""
    options: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def configured(cls, **options: Any) -> type[Self]:
        """The same network with other values of its `options`; the class itself without any.

        Raises:
            SedError: an option that it does not have.
        """
        for option in sorted(set(options) - set(cls.options)):
            given = ", ".join(cls.options) or "none"
            raise SedError(f"{cls.__name__} has no option '{option}'; its options: {given}.")
        return type(cls.__name__, (cls,), options) if options else cls

    @classmethod
    @abstractmethod
    def from_state(cls, state: Any) -> Self:
        """Build the network that the content of a weights file describes, in evaluation mode.

        A network's own `state_dict()` is such a content too: trained systems keep theirs like that.

        Raises:
            KeyError: tensors are missing; `weights.load_encoder` says which file lacks them.
        """

    def train(self, mode: bool = True) -> Self:
        """Switch to training; batch norms stay in evaluation, as in 2022."""
        super().train(mode)
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eval()
        return self

    @classmethod
    def check_kind(cls, kind: str) -> None:
        """Make sure that a kind of embedding can be read of this network.

        Raises:
            SedError: it does not; what it gives.
        """
        kinds = readable(cls.kinds, alignable=cls.alignable)
        if kind not in kinds:
            given = ", ".join(kinds)
            raise SedError(f"pretrained.kind is '{kind}', but {cls.__name__} gives only {given}.")

    @classmethod
    def check_length(cls, seconds: float) -> None:
        """Make sure that this network hears clips to their end.

        Raises:
            SedError: they are longer than its window.
        """
        if seconds > cls.max_seconds:
            raise SedError(
                f"{cls.__name__} hears {cls.max_seconds} s, but the clips have {seconds:g} s, of "
                "which it would ignore the rest; take shorter clips or another pretrained network."
            )

    @staticmethod
    def derived(frame: Any) -> dict[str, Any]:
        """What follows from `frame` (B, D, T'), a tensor or a NumPy array: itself, `aligned`, …

        Here for frames in the order of time: `aligned` is `frame`, `mean` the mean over time.
        """
        return {"frame": frame, "aligned": frame, "mean": frame.mean(-1)}

    @classmethod
    @abstractmethod
    def frame_times(cls, n_samples: int) -> np.ndarray:
        """Centres of the `aligned` frames of a clip in seconds, ascending and equally spaced."""

    @abstractmethod
    def features(self, waveforms: Tensor) -> Tensor:
        """The front end: (B, S) waveforms -> (B, T, F) network input, always in float32."""

    @abstractmethod
    def forward(self, waveforms: Tensor, kind: str | None = None) -> dict[str, Tensor]:
        """Embeddings of (B, S) waveforms in [-1, 1], float32.

        Args:
            waveforms: of equally long clips.
            kind: the one that is wanted, so that what only others need may be left out; None: all.

        Returns:
            `frame` (B, D, T'), the reference's frame embeddings; `aligned` (B, D, T) in the order
            of time; `global` (B, G) and possibly `mean` (B, D), one vector a clip.
        """

    def rounded(self, precision: str) -> Self:
        """Round now what autocast would round anew for each batch; same results, in place.

        These are the weights of convolutions and linear layers; norms and front end stay as they
        are. To be called on the device that computes.
        """
        dtype = half_type(precision, next(self.parameters()).device)
        for layer in self.modules():
            if dtype is not None and isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d)):
                layer.to(dtype)
        return self

    def for_extraction(self, precision: str) -> Self:
        """Make it faster, in place, where it only extracts; it cannot learn any more.

        Besides `rounded`, on a CPU: convolutions take their batch norms in and keep channels last,
        which makes convolutional networks 1.1 to 1.4 times as fast. To be called on the device
        that computes.
        """
        if next(self.parameters()).device.type == "cpu":
            fold_norms(self)
            for layer in self.modules():
                if isinstance(layer, nn.Conv2d):
                    layer.weight.data = layer.weight.contiguous(memory_format=torch.channels_last)
        return self.rounded(precision)

    def embed(self, waveforms: Tensor, kind: str, *, precision: str = "32-true") -> Tensor:
        """One kind, float32, computed in `precision` wherever autocast covers it (`half_type`).

        Raises:
            SedError: a kind that this network does not give.
        """
        self.check_kind(kind)
        dtype = half_type(precision, waveforms.device)
        with torch.autocast(waveforms.device.type, dtype=dtype, enabled=dtype is not None):
            return self(waveforms, kind)[kind].float()


class MelEncoder(Encoder):
    """An encoder whose front end is a linear mel spectrogram and then a scale without weights.

    So what it hears can be mixed in linear mel power and augmented after the scale; of the others
    front ends are one piece. A configuration knows these classes by their base.

    Attributes:
        whole_seconds: longer clips are heard in pieces and cannot be augmented.
    """

    whole_seconds: ClassVar[float] = math.inf

    @abstractmethod
    def magnitudes(self, waveforms: Tensor) -> Tensor:
        """(B, S) waveforms -> (B, F, T) linear mel power, always in float32."""

    @abstractmethod
    def scaled(self, magnitudes: Tensor) -> Tensor:
        """(B, F, T) linear mel power -> (B, F, T) network input, always in float32."""

    @abstractmethod
    def from_features(self, features: Tensor, kind: str | None = None) -> dict[str, Tensor]:
        """Embeddings, as from `forward`, of (B, F, T) network input."""

    def features(self, waveforms: Tensor) -> Tensor:
        """(B, S) waveforms -> (B, F, T) network input, always in float32."""
        return self.scaled(self.magnitudes(waveforms))


def without_last(state: State, name: str, count: int) -> dict[str, Tensor]:
    """Tensors but for those of the last `count` members of the list `name`.

    Raises:
        SedError: none would be left.
    """
    begin = f"{name}."
    numbers = {key.removeprefix(begin).split(".")[0] for key in state if key.startswith(begin)}
    kept = len(numbers) - count
    if kept < 1:
        raise SedError(f"drop_last is {count}, but the network has only {len(numbers)} blocks.")
    dropped = tuple(f"{begin}{number}." for number in range(kept, len(numbers)))
    return {key: value for key, value in state.items() if not key.startswith(dropped)}
