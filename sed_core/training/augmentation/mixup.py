"""Mixup inside one part of a batch (Zhang et al., 2018), as the baselines apply it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import torch

from sed_core.training.augmentation.clip_draws import Clips, Draws, Mix, Mixes, Share, mix_rows

PROBABILITY = 0.5
BETA = 0.2


def mixup(
    clips: Clips,
    draws: Draws,
    *,
    labels: Literal["soft", "hard"] = "soft",
    probability: Share = PROBABILITY,
    embeddings: bool = False,
    unlabelled: bool = False,
    consistency: Literal["same", "interpolated"] = "same",
) -> Clips:
    """Mix the clips of the weak part with each other, and those of the strong part.

    Args:
        labels: mixed like the mel magnitudes, or the union of both clips' labels.
        probability: of a step to mix at all.
        embeddings: mix them, too.
        unlabelled: mix the clips of that part, too.
        consistency: `same`: the teacher hears the same; `interpolated`: it hears the clips as they
            are, and the student is held to its posteriors mixed (Verma et al., Interpolation
            consistency training, 2019), as in ATST-SED.
    """
    first = clips.layout.strong + clips.layout.weak
    sizes = [clips.layout.weak, clips.layout.strong]
    sizes += [len(clips.mel) - first] if unlabelled else []
    mixes = draw(sizes, draws, device=clips.mel.device, probability=probability)
    if mixes is None:
        return clips
    rows = clips.layout.weak_slice, clips.layout.strong_slice, slice(first, None)
    parts = tuple(zip(rows, mixes, strict=False))
    found = mixed(clips, parts, labels=labels, embeddings=embeddings)
    return replace(found, mixes=parts) if consistency == "interpolated" else found


def mixed(clips: Clips, parts: Mixes, *, labels: str, embeddings: bool) -> Clips:
    """Apply the draws of the parts, the weak one first, then the strong one."""
    weak, strong = parts[0][1], parts[1][1]
    changed: dict[str, Any] = {
        "mel": mix_rows(clips.mel, parts),
        "labels": strong.labels(clips.labels, kind=labels),
        "weak_labels": weak.labels(clips.weak_labels, kind=labels),
    }
    if embeddings and clips.embeddings is not None:
        with torch.set_grad_enabled(clips.embeddings.requires_grad):  # of a network trained along
            changed["embeddings"] = mix_rows(clips.embeddings, parts)
    return replace(clips, **changed)


def draw(
    sizes: Sequence[int],
    draws: Draws,
    *,
    device: torch.device,
    probability: float = PROBABILITY,
) -> list[Mix] | None:
    """Decide for one step whether to mix, and how: weak, strong and, if asked, unlabelled part.

    All processes make the same decision with the same coefficients; each permutes its own clips.

    Args:
        sizes: number of clips in each part.
        draws: of the step.
        device: where the permutations are used.
        probability: of mixing.

    Returns:
        One draw for each part, or None.
    """
    if draws.shared.random() >= probability:
        return None
    coefficients = draws.shared.beta(BETA, BETA, size=len(sizes)).tolist()
    orders = [
        torch.from_numpy(draws.own.permutation(size)).to(device, non_blocking=True)
        for size in sizes
    ]
    return [Mix(*drawn) for drawn in zip(coefficients, orders, strict=True)]
