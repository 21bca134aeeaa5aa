"""Dropstep of DCASE 2024's baseline: a stretch of frames is hidden from the GRU."""

import torch
from torch import Tensor

SHARE = 0.3
"""Of a clip's frames, that a stretch is never longer than."""


def dropstep(frames: Tensor, longest: int) -> Tensor:
    """Set one stretch of each clip of (B, T, C) to zero, with draws from torch's generator."""
    lengths, starts = torch.rand(2, len(frames), device=frames.device)
    gone = hidden(lengths, starts, longest, frames.shape[1])
    return frames.masked_fill(gone[..., None], 0.0)


def hidden(lengths: Tensor, starts: Tensor, longest: int, n_frames: int) -> Tensor:
    """(B, T), True in each clip's stretch.

    The length is u P, with P = `longest` or `SHARE` of the clip if that is less, the start
    u' (T - length): floored, the first frame and the number of frames (torchaudio's masks).

    Args:
        lengths: (B,) u, uniform in [0, 1).
        starts: (B,) u', likewise.
        longest: frames.
        n_frames: T.
    """
    length = lengths * min(longest, int(n_frames * SHARE))
    first = (starts * (n_frames - length)).floor()
    frame = torch.arange(n_frames, device=lengths.device)
    return (frame >= first[:, None]) & (frame < (first + length.floor())[:, None])
