"""The convolutional front of the CRNN: blocks of convolution, norm, gate, dropout, pooling."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from sed_core.models.dropout import Dropout
from sed_core.models.gates import GATES, Gate
from sed_core.models.native.gate import gated_pool, is_fusible


class CNN(nn.Module):
    """Blocks of Conv2d, BatchNorm2d, a gate, Dropout and AvgPool2d.

    `conv0`, `batchnorm0`, `glu0` and so on are their names in the state dict.

    The arguments that are sequences hold one entry per block.

    Args:
        n_in_channel: channels of the input.
        nb_filters: channels of each block.
        kernel_size: side of each (square) kernel.
        stride: of each convolution.
        padding: of each convolution.
        pooling: (time, frequency) of each average pooling.
        activation: name in `GATES`.
        dropout: probability.
        batch_norm_eps: added to the variance.
        batch_norm_momentum: weight of the newest batch in the running statistics; 0.99 in the
            reference, so that these follow the last batch.
    """

    def __init__(
        self,
        *,
        n_in_channel: int,
        nb_filters: Sequence[int],
        kernel_size: Sequence[int],
        stride: Sequence[int],
        padding: Sequence[int],
        pooling: Sequence[Sequence[int]],
        activation: str,
        dropout: float,
        batch_norm_eps: float,
        batch_norm_momentum: float,
    ) -> None:
        super().__init__()
        self.n_blocks, self.activation = len(nb_filters), activation
        self.layers = ("conv", "batchnorm", activation, "dropout", "pooling")
        self.cnn = nn.Sequential()
        channels = n_in_channel
        for i, out in enumerate(nb_filters):
            convolution = nn.Conv2d(channels, out, kernel_size[i], stride[i], padding[i])
            norm = nn.BatchNorm2d(out, eps=batch_norm_eps, momentum=batch_norm_momentum)
            pool = nn.AvgPool2d((pooling[i][0], pooling[i][1]))
            layers = (convolution, norm, GATES[activation](out), Dropout(dropout), pool)
            for name, layer in zip(self.layers, layers, strict=True):
                self.cnn.add_module(f"{name}{i}", layer)
            channels = out
        # Channels innermost in memory, which convolutions and the gate prefer on CPU and GPU alike.
        nn.Module.to(self.cnn, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        """(B, n_in_channel, T, F) -> (B, nb_filters[-1], T', F')."""
        for i in range(self.n_blocks):
            x = self._block(x, *(getattr(self.cnn, f"{name}{i}") for name in self.layers))
        return x

    def _block(
        self,
        x: Tensor,
        convolution: nn.Conv2d,
        norm: nn.BatchNorm2d,
        gate: Gate,
        dropout: Dropout,
        pool: nn.AvgPool2d,
    ) -> Tensor:
        y = convolution(x)
        pooling = cast(tuple[int, int], pool.kernel_size)
        if is_fusible(y, pooling, self.activation):
            p = dropout.p if dropout.training else 0.0
            return gated_pool(
                y, norm, gate.linear, dropout=p, pooling=pooling, activation=self.activation
            )
        return pool(dropout(gate(norm(y))))
