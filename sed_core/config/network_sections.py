"""The keys of section `net`: each registered network has its own, and states its time pooling."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sed_core.config.key import ABSENT, Rules, key
from sed_core.runtime.errors import SedError

PER_BLOCK: Rules = {"optional": True, "items": {"minimum": 1}, "minItems": 1}


@dataclass(frozen=True)
class Network:
    """What every network states."""

    model: str = key("crnn")
    """Registered in `sed_core/models/network_registry.py`; its keys in `network_sections.py`."""
    hears_mel: ClassVar[bool] = True
    """Whether it hears the log-mel; for others it is not computed, and they hear embeddings."""

    @staticmethod
    def time_pooling(net: Mapping[str, Any]) -> int:
        """How many feature frames make one output frame, at least 1; each network says it.

        Args:
            net: its complete section.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class CnnAndGru(Network):
    """A CNN of some kind, a bidirectional GRU and attention."""

    pooling: list[list[int]] = key(
        [[2, 2], [2, 2], *([[1, 2]] * 5)],
        items={"items": {"minimum": 1}, "minItems": 2, "maxItems": 2},
        minItems=1,
    )
    """Over time, over frequency; over time they say how many feature frames make one frame."""
    nb_filters: list[int] = key([16, 32, 64, 128, 128, 128, 128], **PER_BLOCK)
    """Channels."""
    dropout: float = key(0.5, optional=True, minimum=0, exclusiveMaximum=1)
    """After each block of the CNN and after the GRU."""
    dropstep: int = key(0, optional=True, minimum=0)
    """Longest stretch of the CNN's output that is hidden in training, in frames (2024: 16); never
    more than 0.3 of a clip."""
    n_RNN_cell: int = key(128, optional=True, minimum=1)  # noqa: N815
    """Cells of the GRU per direction."""
    rnn_layers: int = key(2, optional=True, minimum=1)
    """Of the GRU."""
    dropout_recurrent: float = key(0, optional=True, minimum=0, exclusiveMaximum=1)
    """Between layers of the GRU."""
    attention: bool = key(True, optional=True)
    """Clip posteriors by attention, or the mean over frames."""
    attention_axis: Literal["class", "time"] = key("class", optional=True)
    """Axis of the attention's softmax; class in 2022."""
    shrink_aligned: bool = key(True, optional=True)
    """Aligned embeddings pass a linear layer and layer norm, as 2022's do; false: as they are
    (2023)."""
    initial_posterior: float | None = key(
        None, optional=True, exclusiveMinimum=0, exclusiveMaximum=1
    )
    """Where frame posteriors begin; null: near 0.5 (2022). About the share of active frames saves
    steps."""
    head: dict[str, Any] = key(ABSENT, optional=True, required=["name"])
    """In place of the attention: `name` in `sed_core/models/head_registry.py`, and options."""
    fusion: dict[str, Any] = key(ABSENT, optional=True, required=["name"])
    """In place of the one that goes with pretrained.kind: `name` in
    `sed_core/models/fusion_registry.py`, and options."""
    frame_emb_enc_dim: int = key(ABSENT, optional=True, minimum=1)
    """Cells of the GRU that reads embeddings of kind frame; without it 512, as in 2022."""
    train_cnn: bool = key(ABSENT, optional=True)
    """false freezes the CNN."""

    @staticmethod
    def time_pooling(net: Mapping[str, Any]) -> int:
        """Product of the poolings over time."""
        return math.prod(time for time, _ in net["pooling"])


@dataclass(frozen=True)
class Crnn(CnnAndGru):
    """The CRNN of 2022. Lists have an entry for each block of the CNN."""

    n_in_channel: int = key(1, optional=True, minimum=1)
    """Features have one channel."""
    activation: Literal["glu", "cg"] = key("glu", optional=True)
    """Gate after each convolution: glu is linear(x) * sigmoid(x), as in 2022; cg, context gating,
    is x * sigmoid(linear(x)), as in ATST-SED."""
    kernel_size: list[int] = key([3] * 7, **PER_BLOCK)
    """Frames and bands, odd."""
    stride: list[int] = key([1] * 7, **PER_BLOCK)
    """Always 1; frames are pooled."""
    padding: list[int] = key([1] * 7, **{**PER_BLOCK, "items": {"minimum": 0}})
    """Half the kernel, so that the number of frames stays."""
    rnn_type: Literal["BGRU", "GRU"] = key("BGRU", optional=True)
    """BGRU reads a clip in both directions; GRU only forward, for streams."""
    batch_norm_momentum: float = key(0.99, optional=True, exclusiveMinimum=0, maximum=1)
    """Weight of the newest batch (2022: 0.99, nearly all); 0.1 is usual."""
    freeze_bn: bool = key(ABSENT, optional=True)
    """true: batch norms keep statistics and weights."""


@dataclass(frozen=True)
class FdyCrnn(CnnAndGru):
    """FDY-CRNN: kernels of 3 x 3 that are mixed anew for each band or frame."""

    pool_dim: Literal["time", "freq"] = key(ABSENT, optional=True)
    """Axis that the mixture is chosen over; time, as published: kernels differ along mel."""
    dynamic_share: float = key(ABSENT, optional=True, exclusiveMinimum=0, maximum=1)
    """Of the channels, those that mixed kernels make; the others come from plain ones. 0.125 in
    PFD-CRNN; without it all."""


@dataclass(frozen=True)
class EncoderHead(Network):
    """A head on the frames of a pretrained network, as in the baseline of RealDESED."""

    hears_mel: ClassVar[bool] = False
    head: dict[str, Any] = key({"name": "mean"}, required=["name"])
    """`name` in `sed_core/models/head_registry.py`, and options."""
    frames_pooled: int = key(4, optional=True, minimum=1)
    """So many feature frames (feats.hop_length) make an output frame, to which those of the
    pretrained network are brought; 4 of 160 samples are the 25 Hz of ATST-Frame."""
    initial_posterior: float | None = key(
        None, optional=True, exclusiveMinimum=0, exclusiveMaximum=1
    )
    """As in the CRNN."""

    @staticmethod
    def time_pooling(net: Mapping[str, Any]) -> int:
        """What the section says."""
        return net.get("frames_pooled", 4)


NETWORKS: dict[str, type[Network]] = {
    "crnn": Crnn,
    "fdy_crnn": FdyCrnn,
    "encoder_head": EncoderHead,
}
"""The section of each network in `sed_core/models/network_registry.py`."""


def time_pooling(net: Mapping[str, Any]) -> int:
    """How many feature frames make one output frame of the network that a section `net` names.

    Raises:
        SedError: no such network.
    """
    name = net.get("model", "crnn")
    if name not in NETWORKS:
        raise SedError(f"net.model is '{name}'; registered are {', '.join(NETWORKS)}.")
    return NETWORKS[name].time_pooling(net)


def hears_mel(net: Mapping[str, Any]) -> bool:
    """Whether the network that a section `net` names hears the log-mel."""
    return NETWORKS.get(net.get("model", "crnn"), Network).hears_mel
