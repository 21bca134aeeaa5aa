"""Time mask: the same stretch of all strongly labelled clips falls silent (FDY-SED)."""

from dataclasses import replace

from sed_core.training.augmentation.clip_draws import Clips, Draws, Share


def time_mask(
    clips: Clips, draws: Draws, *, shortest: Share = 1 / 20, longest: Share = 1 / 5
) -> Clips:
    """Silence one stretch of the strong part, events included.

    Args:
        shortest: width at least, as a share of the clip.
        longest: the width stays below this share.
    """
    n_frames = clips.labels.shape[-1]
    low = min(max(int(n_frames * shortest), 1), n_frames - 1)
    width = int(draws.shared.integers(low, max(int(n_frames * longest), low + 1)))
    return masked(clips, start=int(draws.shared.integers(0, n_frames - width)), width=width)


def masked(clips: Clips, *, start: int, width: int) -> Clips:
    """Set output frames [start, start + width) of the strong part to zero, mel and labels."""
    mel, labels = clips.mel.clone(), clips.labels.clone()
    features = slice(clips.pooling * start, clips.pooling * (start + width))
    mel[clips.layout.strong_slice, :, features] = 0.0
    labels[..., start : start + width] = 0.0
    return replace(clips, mel=mel, labels=labels)
