"""The mean-teacher losses of one batch."""

from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class BatchLayout:
    """How a batch is divided: strong clips first, then weak, then unlabelled."""

    strong: int
    weak: int

    @property
    def strong_slice(self) -> slice:
        """Rows with strong labels."""
        return slice(0, self.strong)

    @property
    def weak_slice(self) -> slice:
        """Rows with weak labels."""
        return slice(self.strong, self.strong + self.weak)


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
    student: Output, teacher: Output, *, distance: Loss
) -> tuple[torch.Tensor, torch.Tensor]:
    """Distance of the student from the (detached) teacher over all clips: strong, weak."""
    return (
        distance(student[0], teacher[0].detach()),
        distance(student[1], teacher[1].detach()),
    )
