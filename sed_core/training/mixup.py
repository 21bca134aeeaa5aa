"""Mixup inside one part of a batch (Zhang et al., 2018), as the 2022 baseline applies it."""

from dataclasses import dataclass

import numpy as np
import torch

from sed_core.runtime.seeding import derive

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


def draw(
    sizes: tuple[int, int], *, seed: int, device: torch.device, rank: int = 0
) -> tuple[Mix, Mix] | None:
    """Decide for one step whether to mix, and how: the weak part first, then the strong part.

    Args:
        sizes: number of clips in the weak and in the strong part.
        seed: the step's own seed.
        device: where the permutations are used.
        rank: of this process among those that share the batch. All make the same decision with
            the same coefficients; each permutes its own clips.

    Returns:
        One draw for each part, or None (half of the steps).
    """
    generator = np.random.default_rng(seed)
    if generator.random() >= PROBABILITY:
        return None
    weak, strong = generator.beta(BETA, BETA, size=2).tolist()
    order = np.random.default_rng(derive(seed, rank))
    weak_order, strong_order = (
        torch.from_numpy(order.permutation(size)).to(device, non_blocking=True) for size in sizes
    )
    return Mix(weak, weak_order), Mix(strong, strong_order)
