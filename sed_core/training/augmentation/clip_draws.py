"""What an augmentation is given: the clips of a batch, and numbers drawn for one step."""

from dataclasses import dataclass, field

import numpy as np
import torch

from sed_core.runtime.seeding import derive
from sed_core.training.losses import BatchLayout

# Types of options, of which a configuration's values are checked before anything runs.
Count = int
"""1, 2, …; a plain `int` may be 0, too."""
Share = float
"""0 to 1."""
Positive = float
"""Above 0."""


@dataclass(frozen=True)
class Mix:
    """One draw: x -> coefficient * x + (1 - coefficient) * x[permutation]."""

    coefficient: float
    permutation: torch.Tensor

    def features(self, values: torch.Tensor) -> torch.Tensor:
        """Mix linear mel magnitudes (B, F, T), or posteriors."""
        c = self.coefficient
        return c * values + (1.0 - c) * values[self.permutation]

    def labels(self, values: torch.Tensor, *, kind: str) -> torch.Tensor:
        """Mix labels (B, …): `soft` with the same coefficient, `hard` as their union."""
        if kind == "hard":
            return torch.clamp(values + values[self.permutation], 0.0, 1.0)
        return torch.clamp(self.features(values), 0.0, 1.0)


Mixes = tuple[tuple[slice, Mix], ...]
"""Rows of a batch, and how they are mixed with each other."""


def mix_rows(values: torch.Tensor, mixes: Mixes) -> torch.Tensor:
    """Values (B, …) of a batch with the rows of each draw mixed."""
    values = values.clone()
    for rows, mix in mixes:
        values[rows] = mix.features(values[rows])
    return values


@dataclass(frozen=True)
class Clips:
    """A batch before decibels and scaling.

    Attributes:
        mel: (B, F, T) linear mel magnitudes.
        labels: (strong, C, T') frame labels of the strong part.
        weak_labels: (weak, C) clip labels of the weak part.
        layout: which rows of `mel` those are.
        pooling: feature frames of one output frame, about T / T'.
        embeddings: of all clips, (B, D) or (B, D, T''), where the system has any.
        encoder_mel: (B, F', T'') what the pretrained network's own front end gives, where the
            system augments that: linear mel power first, then, in `pretrained.augment`, scaled.
        mixes: how the student's clips were mixed, one after the other, where the teacher hears them
            as they were; its posteriors are to be mixed in the same way (interpolation
            consistency).
    """

    mel: torch.Tensor
    labels: torch.Tensor
    weak_labels: torch.Tensor
    layout: BatchLayout
    pooling: int
    embeddings: torch.Tensor | None = None
    encoder_mel: torch.Tensor | None = None
    mixes: Mixes = ()


@dataclass(frozen=True)
class Draws:
    """Random numbers of one entry of an augment list in one step, the same in any run.

    Args:
        seed: from the training's seed, the step and, where each network hears its own, the network.
        rank: of this process among those that share the batch.
        common: where each network hears its own, the seed that both have in common.

    Attributes:
        agreed: the same numbers in all processes and for both networks, to decide whether to act.
        shared: the same numbers in all processes, for what the whole batch has in common.
        own: of this process, for what each clip has of its own.
    """

    seed: int
    rank: int = 0
    common: int | None = None
    agreed: np.random.Generator = field(init=False)
    shared: np.random.Generator = field(init=False)
    own: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        common = self.seed if self.common is None else self.common
        object.__setattr__(self, "agreed", np.random.default_rng(derive(common, "agreed")))
        object.__setattr__(self, "shared", np.random.default_rng(self.seed))
        object.__setattr__(self, "own", np.random.default_rng(derive(self.seed, self.rank)))
