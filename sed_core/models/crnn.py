"""The convolutional recurrent network of DCASE 2022 Task 4, and one that does not look ahead."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from sed_core.features.precision import full_precision, not_half
from sed_core.models.cnn import CNN
from sed_core.models.dropout import Dropout
from sed_core.models.dropstep import dropstep
from sed_core.models.fusion_registry import FUSIONS
from sed_core.models.gates import GATES
from sed_core.models.head_registry import HEADS
from sed_core.models.native.gru import is_native, native_gru
from sed_core.models.parts import FusionShape, HeadShape, known_to, registered
from sed_core.runtime.errors import SedError

Entry = Mapping[str, Any]
"""`name` and options of a registered part."""
ATTENTION: Entry = {"name": "attention"}
ATTENTION_AXES = ("class", "time")
RNN_TYPES = {"BGRU": 2, "GRU": 1}
"""Directions in which each reads a clip."""
POOLING_2022 = ((2, 2), (2, 2), (1, 2), (1, 2), (1, 2), (1, 2), (1, 2))


class RecurrentLayers(nn.Module):
    """A GRU under the reference's state-dict names (`rnn.rnn.weight_ih_l0`)."""

    def __init__(
        self, n_in: int, n_cells: int, *, n_layers: int, dropout: float, bidirectional: bool
    ) -> None:
        super().__init__()
        self.rnn = nn.GRU(
            n_in, n_cells, n_layers, batch_first=True, bidirectional=bidirectional, dropout=dropout
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, n_in) -> (B, T, directions * n_cells)."""
        if is_native(x, self.rnn):
            return native_gru(x, self.rnn)
        with full_precision(x):  # autocast to bfloat16 makes this float16, where gradients fade
            return self.rnn(not_half(x))[0]


class CRNN(nn.Module):
    """CNN, GRU, and frame and clip posteriors by attention pooling.

    The defaults are those of the DCASE 2022 baseline (1,112,420 parameters for 10 classes), the
    state-dict names those of the reference, so that its checkpoints load as they are.

    Args:
        n_classes: number of sound classes, C.
        n_in_channel, nb_filters, kernel_size, stride, padding, pooling, activation: see `CNN`.
        dropout: after each CNN block and after the GRU.
        dropstep: of the CNN's output, see `dropstep`; 0 for none.
        n_rnn_cell: GRU cells per direction.
        rnn_type: `BGRU` reads a clip in both directions; `GRU` only forward, so that a frame's
            posteriors wait for no more of the future than the CNN's kernels reach.
        rnn_layers: GRU layers. (The 2022 recipe ignores its key and always takes 2.)
        dropout_recurrent: between GRU layers.
        head: `name` in `head_registry.py`, and options.
        fusion: `name` in `fusion_registry.py`, and options; None: there are no embeddings.
        embedding_size: length of the embedding vectors that are fused.
        freeze_bn: batch norm keeps its statistics and weights while training.
        train_cnn: False freezes the CNN's weights.
        batch_norm_eps, batch_norm_momentum: see `CNN`.
        initial_posterior: where frame posteriors begin (Lin et al., Focal loss, 2017), in (0, 1).
            None leaves them near 0.5, as in 2022, and learning how rare events are takes hundreds
            of steps.
    """

    def __init__(
        self,
        *,
        n_classes: int,
        n_in_channel: int = 1,
        nb_filters: Sequence[int] = (16, 32, 64, 128, 128, 128, 128),
        kernel_size: Sequence[int] = (3, 3, 3, 3, 3, 3, 3),
        stride: Sequence[int] = (1, 1, 1, 1, 1, 1, 1),
        padding: Sequence[int] = (1, 1, 1, 1, 1, 1, 1),
        pooling: Sequence[Sequence[int]] = POOLING_2022,
        activation: str = "glu",
        dropout: float = 0.5,
        dropstep: int = 0,
        n_rnn_cell: int = 128,
        rnn_type: str = "BGRU",
        rnn_layers: int = 2,
        dropout_recurrent: float = 0.0,
        head: Entry = ATTENTION,
        fusion: Entry | None = None,
        embedding_size: int = 527,
        freeze_bn: bool = False,
        train_cnn: bool = True,
        batch_norm_eps: float = 0.001,
        batch_norm_momentum: float = 0.99,
        initial_posterior: float | None = None,
    ) -> None:
        super().__init__()
        self.freeze_bn, self.dropstep = freeze_bn, dropstep
        n_channels = nb_filters[-1]
        self.cnn = CNN(
            n_in_channel=n_in_channel,
            nb_filters=nb_filters,
            kernel_size=kernel_size,
            stride=stride,
            padding=padding,
            pooling=pooling,
            activation=activation,
            dropout=dropout,
            batch_norm_eps=batch_norm_eps,
            batch_norm_momentum=batch_norm_momentum,
        )
        ways = RNN_TYPES[rnn_type]
        self.rnn = RecurrentLayers(
            n_channels,
            n_rnn_cell,
            n_layers=rnn_layers,
            dropout=dropout_recurrent,
            bidirectional=ways == 2,
        )
        self.dropout = Dropout(dropout)
        head_shape = HeadShape(ways * n_rnn_cell, n_classes, initial_posterior)
        made = registered(HEADS, "net.head", head, head_shape)
        layers, self.posteriors, self.join = dict(made.layers), made.posteriors, None
        if fusion is not None:
            joined = registered(
                FUSIONS, "net.fusion", fusion, FusionShape(embedding_size, n_channels)
            )
            layers, self.join = {**layers, **joined.layers}, joined.join
        for name, layer in layers.items():
            self.add_module(name, layer)
        if not train_cnn:
            self.cnn.requires_grad_(False)
        if freeze_bn:
            for norm in self._norms():
                norm.requires_grad_(False)

    def _norms(self) -> list[nn.BatchNorm2d]:
        return [layer for layer in self.modules() if isinstance(layer, nn.BatchNorm2d)]

    def train(self, mode: bool = True) -> "CRNN":
        """Switch to training (or evaluation); frozen batch norms stay in evaluation."""
        super().train(mode)
        if self.freeze_bn:
            for norm in self._norms():
                norm.eval()
        return self

    def forward(
        self,
        x: Tensor,
        embeddings: Tensor | None = None,
        pad_mask: Tensor | None = None,
        class_mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Frame and clip posteriors.

        Args:
            x: (B, F, T) scaled features.
            embeddings: of the pretrained model, where there is `fusion`: (B, D, T') or (B, D).
            pad_mask: (B, T'), True where an output frame is padding.
            class_mask: (B, C), False where a clip's labels tell nothing of a class: it gets no
                attention and posteriors of 0 (DCASE 2024, in training).

        Returns:
            Strong (B, C, T') and weak (B, C) posteriors.
        """
        x = self.cnn(x.transpose(1, 2).unsqueeze(1))
        x = x.squeeze(-1).transpose(1, 2)
        if self.dropstep and self.training:
            x = dropstep(x, self.dropstep)
        if self.join is not None:
            if embeddings is None:
                raise SedError("this network fuses embeddings, but none were given to it.")
            x = self.join(self, x, embeddings)
        x = self.dropout(self.rnn(x))
        strong, weak = self.posteriors(self, x, pad_mask, class_mask)
        return known_to(class_mask, strong.transpose(1, 2), weak)


NET_KEYS = {
    "n_in_channel": "n_in_channel",
    "nb_filters": "nb_filters",
    "kernel_size": "kernel_size",
    "stride": "stride",
    "padding": "padding",
    "pooling": "pooling",
    "activation": "activation",
    "dropout": "dropout",
    "dropstep": "dropstep",
    "n_RNN_cell": "n_rnn_cell",
    "rnn_type": "rnn_type",
    "rnn_layers": "rnn_layers",
    "dropout_recurrent": "dropout_recurrent",
    "embedding_size": "embedding_size",
    "freeze_bn": "freeze_bn",
    "batch_norm_momentum": "batch_norm_momentum",
    "train_cnn": "train_cnn",
    "initial_posterior": "initial_posterior",
}
CHOICES: dict[str, tuple[Any, ...]] = {
    "activation": tuple(GATES),
    "rnn_type": tuple(RNN_TYPES),
    "attention": (True, False),
    "attention_axis": ATTENTION_AXES,
    "embedding_type": tuple(FUSIONS),
    "use_embeddings": (True, False),
}
PARTS = ("head", "fusion", "shrink_aligned", "frame_emb_enc_dim")
"""What else section `net` may say, of a fusion and a head."""
KNOWN = frozenset((*NET_KEYS, *CHOICES, *PARTS))


def build_crnn(net: Mapping[str, Any], n_classes: int) -> CRNN:
    """A CRNN from the section `net` of a system's configuration (the reference's YAML keys).

    Raises:
        SedError: an unknown key, a value that is not supported, or lists of unequal length.
    """
    valid = sorted(KNOWN)
    for key, value in net.items():
        if key not in valid:
            raise SedError(f"net.{key} is not a known key; valid ones are {', '.join(valid)}.")
        if key in CHOICES and value not in CHOICES[key]:
            allowed = ", ".join(str(choice) for choice in CHOICES[key])
            raise SedError(f"net.{key} is '{value}'; it must be one of: {allowed}.")
    options = {NET_KEYS[key]: value for key, value in net.items() if key in NET_KEYS}
    blocks = {
        key: len(net[key])
        for key in ("nb_filters", "kernel_size", "stride", "padding", "pooling")
        if key in net
    }
    if len(set(blocks.values())) > 1:
        raise SedError(f"net has lists of unequal length, one entry per block expected: {blocks}.")
    return CRNN(n_classes=n_classes, head=_head(net), fusion=_fusion(net), **options)


def _head(net: Mapping[str, Any]) -> Entry:
    """`net.head`, or what the reference's keys stand for."""
    if not net.get("attention", True):
        usual: Entry = {"name": "mean"}
    else:
        usual = {"name": "attention", "axis": net.get("attention_axis", "class")}
    return net.get("head", usual)


def _fusion(net: Mapping[str, Any]) -> Entry | None:
    """`net.fusion`, or what goes with the kind of embedding; None without embeddings."""
    if not net.get("use_embeddings", False):
        return None
    usual = {"name": net.get("embedding_type", "global")}
    if usual["name"] == "frame" and "frame_emb_enc_dim" in net:
        usual["cells"] = net["frame_emb_enc_dim"]
    if usual["name"] == "aligned" and "shrink_aligned" in net:
        usual["shrink"] = net["shrink_aligned"]
    return net.get("fusion", usual)
