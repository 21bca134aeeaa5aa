"""FilterAugment (Nam et al., ICASSP 2022): bands are louder or softer, as in other rooms."""

from itertools import pairwise
from typing import Literal

import numpy as np
import torch

from sed_core.training.augmentation.clip_draws import Count, Draws


def filter_augment(
    mel: torch.Tensor,
    draws: Draws,
    *,
    shape: Literal["step", "linear"] = "step",
    bands: tuple[Count, Count] = (2, 4),
    narrowest: Count = 4,
    decibels: tuple[float, float] = (-4.5, 6.0),
) -> torch.Tensor:
    """Weight bands of (B, F, T) mel magnitudes, whose edges the batch shares, by each clip's gains.

    Args:
        shape: gains are constant in a band (`step`), or run from edge to edge (`linear`; the
            published values are then 3 to 5 bands of 6 mels at least, -6 to 6 dB).
        bands: fewest and most bands.
        narrowest: width of a band in mels at least; less where they would not fit.
        decibels: range of the gains.
    """
    n_mels = mel.shape[1]
    n_bands = int(draws.shared.integers(bands[0], bands[1] + 1))
    while n_mels - n_bands * narrowest + 1 < 0:
        narrowest -= 1
    room = n_mels - n_bands * narrowest
    cuts = draws.shared.integers(0, max(room, 0) + 1, n_bands - 1)
    n_gains = n_bands + (shape == "linear")
    levels = draws.own.uniform(*decibels, (len(mel), n_gains))
    if n_bands == 1:
        return mel
    gains = gain(shape, levels, cuts, n_mels=n_mels, narrowest=narrowest)
    return mel * torch.from_numpy(gains).to(mel)[..., None]


def gain(
    shape: str, levels: np.ndarray, cuts: np.ndarray, *, n_mels: int, narrowest: int
) -> np.ndarray:
    """(B, n_mels) factors of the mel magnitudes.

    Args:
        shape: `step` or `linear`.
        levels: (B, bands) decibels, of the bands; or (B, bands + 1), of their edges.
        cuts: (bands - 1,) integers in [0, n_mels - bands * narrowest], in any order.
        n_mels: number of mels.
        narrowest: added once for every band below, so that none is narrower.
    """
    inner = np.sort(cuts) + narrowest * np.arange(1, len(cuts) + 1)
    edges = [0, *inner.tolist(), n_mels]
    decibels = np.empty((len(levels), n_mels))
    for band, (low, high) in enumerate(pairwise(edges)):
        if shape == "step":
            decibels[:, low:high] = levels[:, band, None]
        else:
            ends = levels[:, band], levels[:, band + 1]
            decibels[:, low:high] = np.linspace(*ends, high - low, axis=1)
    return 10.0 ** (decibels / 20.0)
