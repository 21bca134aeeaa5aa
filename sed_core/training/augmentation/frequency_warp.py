"""Frequency warp: what a clip holds lies higher or lower on the mel axis."""

import numpy as np
import torch

from sed_core.training.augmentation.clip_draws import Draws, Positive


def frequency_warp(
    mel: torch.Tensor, draws: Draws, *, factors: tuple[Positive, Positive] = (0.9, 1.1)
) -> torch.Tensor:
    """Stretch the mel axis of each clip of (B, F, T), below 1 compress it; labels stay.

    Args:
        factors: range of the stretch, uniform.
    """
    return warped(mel, draws.own.uniform(*factors, len(mel)))


def warped(mel: torch.Tensor, factors: np.ndarray) -> torch.Tensor:
    """Band f of clip b is what lay at f / factors[b], between two bands linearly.

    Above the last band there is silence.
    """
    bands = np.arange(mel.shape[1])
    distance = np.abs(bands[:, None] / factors[:, None, None] - bands)
    return torch.from_numpy(np.maximum(1.0 - distance, 0.0)).to(mel) @ mel
