"""Frames of a pretrained network, brought to the times of another's."""

import numpy as np
from numpy.typing import NDArray


def alignment(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float32]:
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
