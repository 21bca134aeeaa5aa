"""Frame shift: a clip and its labels begin somewhere else (FDY-SED)."""

from dataclasses import replace

import torch

from sed_core.training.augmentation.clip_draws import Clips, Draws, Positive


def frame_shift(clips: Clips, draws: Draws, *, deviation: Positive = 90.0) -> Clips:
    """Move each clip around in time, cyclically, by a normal number of feature frames.

    Args:
        deviation: standard deviation of the shift, in feature frames.
    """
    shifts = draws.own.normal(0.0, deviation, len(clips.mel)).astype(int)
    return shifted(clips, torch.from_numpy(shifts).to(clips.mel.device))


def shifted(clips: Clips, frames: torch.Tensor) -> Clips:
    """Move clip b by `frames[b]` feature frames, and its labels by whole output frames (floor)."""
    coarse = torch.div(frames, clips.pooling, rounding_mode="floor")
    return replace(
        clips,
        mel=_rolled(clips.mel, frames),
        labels=_rolled(clips.labels, coarse[clips.layout.strong_slice]),
    )


def _rolled(values: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
    """(B, N, T), each row rolled along T by its own number."""
    length = values.shape[-1]
    source = (torch.arange(length, device=values.device) - by[:, None]) % length
    return values.gather(-1, source[:, None].expand_as(values))
