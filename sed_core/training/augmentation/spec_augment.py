"""SpecAugment's masks (Park et al., Interspeech 2019): stripes of a clip are silent."""

import numpy as np
import torch

from sed_core.training.augmentation.clip_draws import Count, Draws


def spec_augment(
    mel: torch.Tensor,
    draws: Draws,
    *,
    band_masks: int = 2,
    bands: tuple[Count, Count] = (1, 16),
    frame_masks: int = 2,
    frames: tuple[Count, Count] = (1, 64),
) -> torch.Tensor:
    """Silence stripes of (B, F, T) mel magnitudes, each clip its own; labels stay.

    Args:
        band_masks: stripes of mel bands a clip.
        bands: fewest and most mels of one.
        frame_masks: stripes of feature frames a clip.
        frames: fewest and most frames of one.
    """
    for axis, count, (low, high) in ((1, band_masks, bands), (2, frame_masks, frames)):
        size = mel.shape[axis]
        for _ in range(count):
            widths = np.minimum(draws.own.integers(low, high + 1, len(mel)), size)
            starts = draws.own.integers(0, np.maximum(size - widths, 1))
            hidden = torch.from_numpy(stripes(starts, widths, size)).to(mel.device)
            mel = mel.masked_fill(hidden[:, :, None] if axis == 1 else hidden[:, None], 0.0)
    return mel


def stripes(starts: np.ndarray, widths: np.ndarray, size: int) -> np.ndarray:
    """(B, size), True in [start, start + width) of each row."""
    at = np.arange(size)
    return (at >= starts[:, None]) & (at < (starts + widths)[:, None])
