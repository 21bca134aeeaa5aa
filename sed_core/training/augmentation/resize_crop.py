"""Random resize crop over frequency: a band of the mel axis takes the place of the whole.

It is that of BYOL-A (Niizumi et al., 2021) without its crop in time, as ATST-SED and the baseline
of RealDESED apply it to what ATST-Frame hears; they call it a frequency warp.
"""

from dataclasses import replace

import torch
from torch.nn import functional

from sed_core.training.augmentation.clip_draws import Clips, Draws, Share
from sed_core.training.augmentation.mixup import mixed_rows


def resize_crop(
    clips: Clips,
    draws: Draws,
    *,
    probability: Share = 0.5,
    narrowest: Share = 0.6,
    per_part: bool = False,
) -> Clips:
    """Cut one band out of (B, F, T) features and stretch it to F rows; labels stay.

    Student and teacher hear bands of their own, but both do or neither.

    Args:
        probability: of a step to do it at all.
        narrowest: width of a band at least, as a share of F; at least one row.
        per_part: a band for the weak, each group of strong and the unlabelled clips (ATST-SED);
            false: one for the whole batch (RealDESED).
    """
    if draws.agreed.random() >= probability:
        return clips
    mel = clips.mel.clone()
    for rows in mixed_rows(clips, unlabelled=True) if per_part else [slice(None)]:
        height, start = drawn_band(mel.shape[1], draws, narrowest=narrowest)
        mel[rows] = stretched(mel[rows], height=height, start=start)
    return replace(clips, mel=mel)


def drawn_band(n_mels: int, draws: Draws, *, narrowest: float) -> tuple[int, int]:
    """Rows of a band, uniform from `narrowest` to all, and the first of them, uniform as well."""
    height = max(1, int(draws.shared.uniform(narrowest, 1.0) * n_mels))
    return height, int(draws.shared.integers(0, n_mels - height + 1))


def stretched(mel: torch.Tensor, *, height: int, start: int) -> torch.Tensor:
    """Rows [start, start + height) of (B, F, T), bicubic over F rows from its first to its last."""
    if not len(mel):
        return mel  # a batch without this part
    band = mel[:, None, start : start + height]
    size = mel.shape[1:]
    return functional.interpolate(band, size, mode="bicubic", align_corners=True)[:, 0]
