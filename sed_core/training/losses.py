"""The mean-teacher losses of one batch."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise

import torch

from sed_core.config.batch_parts import parts
from sed_core.config.system import System


@dataclass(frozen=True)
class BatchLayout:
    """How a batch is divided: strong clips first, then weak, then unlabelled.

    Attributes:
        strong, weak: clips with such labels.
        groups: sizes of the groups of strong clips that are mixed with their like only; () for one.
        apart: so many of the first strong clips take no part in the consistency.
    """

    strong: int
    weak: int
    groups: tuple[int, ...] = ()
    apart: int = 0

    @classmethod
    def of(cls, system: System, world_size: int = 1) -> "BatchLayout":
        """The share of one of `world_size` processes; parts that tell of the same classes mix."""
        strong, weak, _ = (size // world_size for size in system.training.batch_size)
        told = system.data.annotated
        shares = [
            (told.get(part.splits[0], []), part.clips // world_size, part.consistency)
            for part in parts(system.training.strong_parts)
        ]
        groups = [
            sum(clips for _, clips, _ in group)
            for _, group in groupby(shares, key=lambda part: part[0])
        ]
        apart = sum(clips for _, clips, agrees in shares if not agrees)
        return cls(strong, weak, tuple(groups), apart)

    @property
    def strong_slice(self) -> slice:
        """Rows with strong labels."""
        return slice(0, self.strong)

    @property
    def weak_slice(self) -> slice:
        """Rows with weak labels."""
        return slice(self.strong, self.strong + self.weak)

    @property
    def strong_groups(self) -> list[slice]:
        """Rows of each group."""
        borders = accumulate(self.groups or (self.strong,), initial=0)
        return [slice(*rows) for rows in pairwise(borders)]

    @property
    def agreeing(self) -> slice:
        """Rows about which student and teacher should agree."""
        return slice(self.apart, None)


Output = tuple[torch.Tensor, torch.Tensor]
"""Strong (B, C, T) and weak (B, C) posteriors of a network."""

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Of posteriors and what they should be."""


def supervised(
    output: Output,
    labels: torch.Tensor,
    weak_labels: torch.Tensor,
    layout: BatchLayout,
    *,
    loss: Loss,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss on the strong part (frames) and on the weak part (clips).

    A part without clips adds 0.

    Args:
        output: posteriors of the whole batch.
        labels: (strong, C, T) frame labels of the strong part.
        weak_labels: (weak, C) clip labels of the weak part.
        layout: division of the batch.
        loss: a mean over what it is given.
    """
    strong, weak = output
    parts = (strong[layout.strong_slice], labels), (weak[layout.weak_slice], weak_labels)
    frames, clips = (
        loss(found, wanted) if len(wanted) else found.new_zeros(()) for found, wanted in parts
    )  # the mean of an absent part would be no number
    return frames, clips


def consistency(
    student: Output, teacher: Output, *, distance: Loss, rows: slice = slice(None)
) -> tuple[torch.Tensor, torch.Tensor]:
    """Distance of the student from the (detached) teacher over some clips: strong, weak."""
    return (
        distance(student[0][rows], teacher[0][rows].detach()),
        distance(student[1][rows], teacher[1][rows].detach()),
    )
