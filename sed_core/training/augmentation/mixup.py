"""Mixup inside one part of a batch (Zhang et al., 2018), as the baselines apply it."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import torch

from sed_core.training.augmentation.clip_draws import Clips, Draws, Share

PROBABILITY = 0.5
BETA = 0.2


@dataclass(frozen=True)
class Mix:
    """One draw: x -> coefficient * x + (1 - coefficient) * x[permutation]."""

    coefficient: float
    permutation: torch.Tensor

    def features(self, values: torch.Tensor) -> torch.Tensor:
        """Mix linear mel magnitudes (B, F, T)."""
        c = self.coefficient
        return c * values + (1.0 - c) * values[self.permutation]

    def labels(self, values: torch.Tensor, *, kind: str) -> torch.Tensor:
        """Mix labels (B, …): `soft` with the same coefficient, `hard` as their union."""
        if kind == "hard":
            return torch.clamp(values + values[self.permutation], 0.0, 1.0)
        return torch.clamp(self.features(values), 0.0, 1.0)


def mixup(
    clips: Clips,
    draws: Draws,
    *,
    labels: Literal["soft", "hard"] = "soft",
    probability: Share = PROBABILITY,
    embeddings: bool = False,
) -> Clips:
    """Mix the clips of the weak part with each other, and those of the strong part.

    Args:
        labels: mixed like the mel magnitudes, or the union of both clips' labels.
        probability: of a step to mix at all.
        embeddings: mix them, too.
    """
    sizes = clips.layout.weak, clips.layout.strong
    mixes = draw(sizes, draws, device=clips.mel.device, probability=probability)
    return clips if mixes is None else mixed(clips, *mixes, labels=labels, embeddings=embeddings)


def mixed(clips: Clips, weak: Mix, strong: Mix, *, labels: str, embeddings: bool) -> Clips:
    """Apply the draws of the two parts."""
    parts = ((clips.layout.weak_slice, weak), (clips.layout.strong_slice, strong))
    changed: dict[str, Any] = {
        "mel": _features(clips.mel, parts),
        "labels": strong.labels(clips.labels, kind=labels),
        "weak_labels": weak.labels(clips.weak_labels, kind=labels),
    }
    if embeddings and clips.embeddings is not None:
        with torch.set_grad_enabled(clips.embeddings.requires_grad):  # of a network trained along
            changed["embeddings"] = _features(clips.embeddings, parts)
    return replace(clips, **changed)


def _features(values: torch.Tensor, parts: tuple[tuple[slice, Mix], ...]) -> torch.Tensor:
    values = values.clone()
    for rows, mix in parts:
        values[rows] = mix.features(values[rows])
    return values


def draw(
    sizes: tuple[int, int],
    draws: Draws,
    *,
    device: torch.device,
    probability: float = PROBABILITY,
) -> tuple[Mix, Mix] | None:
    """Decide for one step whether to mix, and how: the weak part first, then the strong part.

    All processes make the same decision with the same coefficients; each permutes its own clips.

    Args:
        sizes: number of clips in the weak and in the strong part.
        draws: of the step.
        device: where the permutations are used.
        probability: of mixing.

    Returns:
        One draw for each part, or None.
    """
    if draws.shared.random() >= probability:
        return None
    weak, strong = draws.shared.beta(BETA, BETA, size=2).tolist()
    weak_order, strong_order = (
        torch.from_numpy(draws.own.permutation(size)).to(device, non_blocking=True)
        for size in sizes
    )
    return Mix(weak, weak_order), Mix(strong, strong_order)
