"""The convolutional recurrent network of DCASE 2022 Task 4 (the baseline's architecture)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sed_core.features.precision import full_precision, not_half
from sed_core.models.cnn import CNN
from sed_core.models.dropout import Dropout
from sed_core.models.fusion import ENCODER_CELLS, FUSIONS, fuse, fusion_layers
from sed_core.models.native.gru import bidirectional_gru, is_native
from sed_core.runtime.errors import SedError

ATTENTION_AXES = ("class", "time")
POOLING_2022 = ((2, 2), (2, 2), (1, 2), (1, 2), (1, 2), (1, 2), (1, 2))
MIN_ATTENTION = 1e-7


class BidirectionalGRU(nn.Module):
    """A bidirectional GRU under the reference's state-dict names (`rnn.rnn.weight_ih_l0`)."""

    def __init__(self, n_in: int, n_cells: int, *, n_layers: int, dropout: float) -> None:
        super().__init__()
        self.rnn = nn.GRU(
            n_in, n_cells, n_layers, batch_first=True, bidirectional=True, dropout=dropout
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, n_in) -> (B, T, 2 * n_cells)."""
        if is_native(x, self.rnn):
            return bidirectional_gru(x, self.rnn)
        with full_precision(x):  # autocast to bfloat16 makes this float16, where gradients fade
            return self.rnn(not_half(x))[0]


def attention_pool(
    strong: Tensor, logits: Tensor, *, axis: str, pad_mask: Tensor | None = None
) -> Tensor:
    """Clip posteriors as a weighted mean of frame posteriors.

    Args:
        strong: (B, T, C) frame posteriors.
        logits: (B, T, C) attention before softmax.
        axis: `class` (softmax over classes, as 2022's networks were trained) or `time`.
        pad_mask: (B, T), True where a frame is padding and must not count.

    Returns:
        (B, C).
    """
    if pad_mask is not None:
        logits = logits.masked_fill(pad_mask[..., None], -1e30)
    attention = torch.softmax(logits, dim=-1 if axis == "class" else 1)
    attention = attention.clamp(min=MIN_ATTENTION, max=1.0)
    if pad_mask is not None:
        # A softmax over classes of equal logits is 1 / C, not 0, so padding is taken out here too.
        attention = attention.masked_fill(pad_mask[..., None], 0.0)
    return (strong * attention).sum(1) / attention.sum(1)


class CRNN(nn.Module):
    """CNN, bidirectional GRU, and frame and clip posteriors by attention pooling.

    The defaults are those of the DCASE 2022 baseline (1,112,420 parameters for 10 classes), the
    state-dict names those of the reference, so that its checkpoints load as they are.

    Args:
        n_classes: number of sound classes, C.
        n_in_channel, nb_filters, kernel_size, stride, padding, pooling: see `CNN`.
        dropout: after each CNN block and after the GRU.
        n_rnn_cell: GRU cells per direction.
        rnn_layers: GRU layers. (The 2022 recipe ignores its key and always takes 2.)
        dropout_recurrent: between GRU layers.
        attention: clip posteriors by attention; else the mean over frames.
        attention_axis: axis of the attention's softmax, `class` (2022) or `time`.
        fusion: None, `frame`, `global` or `aligned`, see `fusion.py`.
        embedding_size: length of the embedding vectors that are fused.
        shrink_aligned: see `fusion_layers`.
        frame_emb_enc_dim: cells of the GRU that reads `frame` embeddings. (The 2022 recipe ignores
            its key and always takes 512.)
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
        dropout: float = 0.5,
        n_rnn_cell: int = 128,
        rnn_layers: int = 2,
        dropout_recurrent: float = 0.0,
        attention: bool = True,
        attention_axis: str = "class",
        fusion: str | None = None,
        embedding_size: int = 527,
        shrink_aligned: bool = True,
        frame_emb_enc_dim: int = ENCODER_CELLS,
        freeze_bn: bool = False,
        train_cnn: bool = True,
        batch_norm_eps: float = 0.001,
        batch_norm_momentum: float = 0.99,
        initial_posterior: float | None = None,
    ) -> None:
        super().__init__()
        self.attention, self.attention_axis = attention, attention_axis
        self.fusion, self.freeze_bn = fusion, freeze_bn
        n_channels = nb_filters[-1]
        self.cnn = CNN(
            n_in_channel=n_in_channel,
            nb_filters=nb_filters,
            kernel_size=kernel_size,
            stride=stride,
            padding=padding,
            pooling=pooling,
            dropout=dropout,
            batch_norm_eps=batch_norm_eps,
            batch_norm_momentum=batch_norm_momentum,
        )
        self.rnn = BidirectionalGRU(
            n_channels, n_rnn_cell, n_layers=rnn_layers, dropout=dropout_recurrent
        )
        self.dropout = Dropout(dropout)
        self.dense = nn.Linear(2 * n_rnn_cell, n_classes)
        if initial_posterior is not None:
            odds = initial_posterior / (1 - initial_posterior)
            nn.init.constant_(self.dense.bias, math.log(odds))
        if attention:
            self.dense_softmax = nn.Linear(2 * n_rnn_cell, n_classes)
        if fusion is not None:
            layers = fusion_layers(
                fusion,
                embedding_size=embedding_size,
                n_channels=n_channels,
                encoder_cells=frame_emb_enc_dim,
                shrink_aligned=shrink_aligned,
            )
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
        self, x: Tensor, embeddings: Tensor | None = None, pad_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Frame and clip posteriors.

        Args:
            x: (B, F, T) scaled features.
            embeddings: of the pretrained model, where there is `fusion`: (B, D, T') or (B, D).
            pad_mask: (B, T'), True where an output frame is padding.

        Returns:
            Strong (B, C, T') and weak (B, C) posteriors.
        """
        x = self.cnn(x.transpose(1, 2).unsqueeze(1))
        x = x.squeeze(-1).transpose(1, 2)
        if self.fusion is not None:
            if embeddings is None:
                raise SedError("this network fuses embeddings, but none were given to it.")
            x = fuse(self, x, embeddings)
        x = self.dropout(self.rnn(x))
        # In half precision a posterior near 1 becomes 1, whose cross-entropy has no gradient.
        strong = torch.sigmoid(not_half(self.dense(x)))
        if self.attention:
            weak = attention_pool(
                strong, self.dense_softmax(x), axis=self.attention_axis, pad_mask=pad_mask
            )
        else:
            weak = strong.mean(1)
        return strong.transpose(1, 2), weak


NET_KEYS = {
    "n_in_channel": "n_in_channel",
    "nb_filters": "nb_filters",
    "kernel_size": "kernel_size",
    "stride": "stride",
    "padding": "padding",
    "pooling": "pooling",
    "dropout": "dropout",
    "n_RNN_cell": "n_rnn_cell",
    "rnn_layers": "rnn_layers",
    "dropout_recurrent": "dropout_recurrent",
    "attention": "attention",
    "attention_axis": "attention_axis",
    "embedding_size": "embedding_size",
    "shrink_aligned": "shrink_aligned",
    "frame_emb_enc_dim": "frame_emb_enc_dim",
    "freeze_bn": "freeze_bn",
    "batch_norm_momentum": "batch_norm_momentum",
    "train_cnn": "train_cnn",
    "initial_posterior": "initial_posterior",
}
CHOICES: dict[str, tuple[Any, ...]] = {
    "activation": ("glu",),
    "rnn_type": ("BGRU",),
    "attention_axis": ATTENTION_AXES,
    "embedding_type": FUSIONS,
    "use_embeddings": (True, False),
}


def build_crnn(net: Mapping[str, Any], n_classes: int) -> CRNN:
    """A CRNN from the section `net` of a system's configuration (the reference's YAML keys).

    Raises:
        SedError: an unknown key, a value that is not supported, or lists of unequal length.
    """
    valid = sorted({*NET_KEYS, *CHOICES})
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
    fusion = net.get("embedding_type", "global") if net.get("use_embeddings", False) else None
    return CRNN(n_classes=n_classes, fusion=fusion, **options)
