"""Frequency dynamic convolution (Nam et al., Interspeech 2022) and the CRNN that is made with it.

Names in the state dict are those of the published FDY-SED, whose networks load as they are. The
partial one (Nam and Park, arXiv 2406.13312) has plain kernels for most channels beside it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from sed_core.models.crnn import CRNN, build_crnn
from sed_core.models.dropout import Dropout
from sed_core.models.gates import ContextGating
from sed_core.runtime.errors import SedError

N_KERNELS, TEMPERATURE = 4, 31.0
NARROWEST = 4
"""Hidden channels of the attention at least; else a quarter of the input's."""
POOL_DIMS = {"time": 2, "freq": 3}
"""The axis of (B, C, T, F) over which the attention takes the mean."""


class KernelAttention(nn.Module):
    """How much of each kernel a mel band (`time`) or a frame (`freq`) takes."""

    def __init__(self, n_in: int, pool_dim: str) -> None:
        super().__init__()
        hidden = max(NARROWEST, n_in // 4)
        self.axis = POOL_DIMS[pool_dim]
        self.conv1d1 = nn.Conv1d(n_in, hidden, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm1d(hidden)
        self.conv1d2 = nn.Conv1d(hidden, N_KERNELS, 1)
        for conv in (self.conv1d1, self.conv1d2):
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
        assert self.conv1d2.bias is not None
        nn.init.zeros_(self.conv1d2.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) -> (B, N_KERNELS, F), or (B, N_KERNELS, T) where `freq` is pooled."""
        hidden = torch.relu(self.bn(self.conv1d1(x.mean(self.axis))))
        return torch.softmax(self.conv1d2(hidden) / TEMPERATURE, dim=1)


class DynamicConv(nn.Module):
    """A 3 x 3 convolution whose kernel is a mixture that differs from band to band."""

    def __init__(self, n_in: int, n_out: int, pool_dim: str = "time") -> None:
        super().__init__()
        self.attention = KernelAttention(n_in, pool_dim)
        self.weight = nn.Parameter(torch.empty(N_KERNELS, n_out, n_in, 3, 3))
        for kernel in self.weight:
            nn.init.kaiming_normal_(kernel)

    def forward(self, x: Tensor) -> Tensor:
        """(B, n_in, T, F) -> (B, n_out, T, F): kernels are applied first, mixed after."""
        shares = self.attention(x)[:, :, None]
        shares = shares.unsqueeze(self.attention.axis + 1)
        each = conv2d(x, self.weight.flatten(0, 1), padding=1)
        return (each.unflatten(1, (N_KERNELS, -1)) * shares).sum(1)


class PartialConv(nn.Module):
    """Plain 3 x 3 convolutions for some of the channels, dynamic ones for the rest.

    Args:
        n_in, n_out: channels.
        pool_dim: see `DynamicConv`.
        share: of the output's channels, those that are dynamic; they come last.
    """

    def __init__(self, n_in: int, n_out: int, pool_dim: str, share: float) -> None:
        super().__init__()
        n_dynamic = max(1, int(n_out * share))
        self.static = nn.Conv2d(n_in, n_out - n_dynamic, 3, padding=1, bias=False)
        self.dynamic = DynamicConv(n_in, n_dynamic, pool_dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, n_in, T, F) -> (B, n_out, T, F)."""
        return torch.cat([self.static(x), self.dynamic(x)], dim=1)


class DynamicCNN(nn.Module):
    """Blocks of convolution (dynamic from the second on), norm, gate, dropout and pooling."""

    def __init__(
        self,
        nb_filters: Sequence[int],
        pooling: Sequence[Sequence[int]],
        *,
        dropout: float,
        pool_dim: str,
        dynamic_share: float,
    ) -> None:
        super().__init__()
        self.cnn = nn.Sequential()
        n_in = 1
        for i, n_out in enumerate(nb_filters):
            layers = {
                "conv": _convolution(i, n_in, n_out, pool_dim, dynamic_share),
                "batchnorm": nn.BatchNorm2d(n_out, eps=0.001, momentum=0.99),
                "cg": ContextGating(n_out),
                "dropout": Dropout(dropout),
                "pooling": nn.AvgPool2d((pooling[i][0], pooling[i][1])),
            }
            for name, layer in layers.items():
                self.cnn.add_module(f"{name}{i}", layer)
            n_in = n_out

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, T, F) -> (B, nb_filters[-1], T', F')."""
        return self.cnn(x)


def _convolution(block: int, n_in: int, n_out: int, pool_dim: str, share: float) -> nn.Module:
    if block == 0:
        return nn.Conv2d(n_in, n_out, 3, padding=1)
    if share == 1:
        return DynamicConv(n_in, n_out, pool_dim)
    return PartialConv(n_in, n_out, pool_dim, share)


def build_fdy_crnn(net: Mapping[str, Any], n_classes: int) -> CRNN:
    """FDY-CRNN: the CRNN of `build_crnn` with a dynamic CNN in front of its GRU.

    Args:
        net: keys of `FdyCrnn` in `sed_core/config/network_sections.py`.
        n_classes: number of sound classes.

    Raises:
        SedError: an unknown key or value.
    """
    options = dict(net)
    pool_dim = options.pop("pool_dim", "time")
    if pool_dim not in POOL_DIMS:
        raise SedError(f"net.pool_dim is '{pool_dim}'; it must be one of: {', '.join(POOL_DIMS)}.")
    share = options.pop("dynamic_share", 1.0)
    if not 0 < share <= 1:
        raise SedError(f"net.dynamic_share is {share}; it must be above 0 and at most 1.")
    for key in ("nb_filters", "pooling"):
        if key not in options:
            raise SedError(f"net.{key} is missing, which a network 'fdy_crnn' needs.")
    blocks = len(options["nb_filters"])  # of a CNN that the dynamic one takes the place of
    shape = {"kernel_size": [3] * blocks, "stride": [1] * blocks, "padding": [1] * blocks}
    crnn = build_crnn({**options, **shape}, n_classes)
    crnn.add_module(
        "cnn",
        DynamicCNN(
            options["nb_filters"],
            options["pooling"],
            dropout=options.get("dropout", 0.5),
            pool_dim=pool_dim,
            dynamic_share=share,
        ).requires_grad_(options.get("train_cnn", True)),
    )
    return crnn.train()
