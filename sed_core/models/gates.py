"""Gates over the channels of a CNN block, under the names that `net.activation` gives them.

The name is that of the layer in the state dict, too (`glu0.linear.weight`, `cg0.linear.weight`).
"""

import torch
from torch import Tensor, nn


class Gate(nn.Module):
    """A linear layer over channels, which as many channels leave as enter."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_channels, n_channels)

    def mixed(self, x: Tensor) -> Tensor:
        """(B, C, T, F) -> (B, C, T, F), linear."""
        return self.linear(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class GLU(Gate):
    """linear(x) * sigmoid(x), the gate of DCASE 2022 to 2024."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) -> (B, C, T, F)."""
        return self.mixed(x) * torch.sigmoid(x)


class ContextGating(Gate):
    """x * sigmoid(linear(x)), the gate of FDY-SED and ATST-SED (Miech et al., 2017)."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) -> (B, C, T, F)."""
        return x * torch.sigmoid(self.mixed(x))


GATES: dict[str, type[Gate]] = {"glu": GLU, "cg": ContextGating}
