"""Ways in which frames of a pretrained network come to the frames of the CRNN."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from sed_core.features.precision import not_half

Times = NDArray[np.floating]
"""(T,) centres of frames in seconds, ascending and equally spaced."""


class ByTime(nn.Module):
    """Every frame gets what the source hears at its own time, see `time_weights`.

    Args:
        source: of the network's frames.
        target: of the wanted frames.
    """

    weights: Tensor

    def __init__(self, source: Times, target: Times) -> None:
        super().__init__()
        weights = torch.from_numpy(time_weights(source, target))
        self.register_buffer("weights", weights, persistent=False)

    def forward(self, frames: Tensor) -> Tensor:
        """(B, D, S) -> (B, D, T) float32."""
        return frames.float() @ self.weights


class Pool1d(nn.Module):
    """Adaptive average over the tokens in their own order, as in the baselines of 2023 and 2024.

    Frame i is the mean of the tokens from floor(i S / T) to ceil((i + 1) S / T) - 1. Of BEATs these
    are four or five of the eight bands of one or two moments, so bands alternate from frame to
    frame.
    """

    def __init__(self, _source: Times, target: Times) -> None:
        super().__init__()
        self.count = len(target)

    def forward(self, frames: Tensor) -> Tensor:
        """(B, D, S) -> (B, D, T), no longer in half precision."""
        return functional.adaptive_avg_pool1d(not_half(frames), self.count)


class Interpolate(Pool1d):
    """The token at floor((i + 0.5) S / T) for frame i: `nearest-exact` of 2023 and 2024."""

    def forward(self, frames: Tensor) -> Tensor:
        """(B, D, S) -> (B, D, T), no longer in half precision."""
        return functional.interpolate(not_half(frames), self.count, mode="nearest-exact")


def time_weights(source: Times, target: Times) -> NDArray[np.float32]:
    """Weights that take frames at the times `source` to the times `target`.

    A target frame is the mean of the source frames around it, weighted by a triangle whose half
    width is the longer of the two frame distances: linear interpolation where the target is finer,
    pooling where it is coarser. Beyond its ends the source keeps its first and last frame.

    Args:
        source: (S,) ascending, equally spaced, S >= 2, seconds.
        target: (T,) ascending, equally spaced, T >= 2, seconds.

    Returns:
        (S, T); every column sums to 1, so `frames @ weights` takes (…, S) to (…, T).
    """
    width = max(source[1] - source[0], target[1] - target[0])
    inside = np.clip(target, source[0], source[-1])
    weights = np.maximum(0.0, 1.0 - np.abs(source[:, None] - inside[None]) / width)
    return (weights / weights.sum(0)).astype(np.float32)
