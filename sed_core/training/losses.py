"""The mean-teacher losses of one batch."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional


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

Distance = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
CONSISTENCY: dict[str, Distance] = {
    "mse": functional.mse_loss,
    "bce": functional.binary_cross_entropy,
}


def supervised(
    output: Output, labels: torch.Tensor, weak_labels: torch.Tensor, layout: BatchLayout
) -> tuple[torch.Tensor, torch.Tensor]:
    """Binary cross entropy on the strong part (frames) and on the weak part (clips).

    A part without clips adds 0.

    Args:
        output: posteriors of the whole batch.
        labels: (strong, C, T) frame labels of the strong part.
        weak_labels: (weak, C) clip labels of the weak part.
        layout: division of the batch.
    """
    strong, weak = output
    return (
        _cross_entropy(strong[layout.strong_slice], labels),
        _cross_entropy(weak[layout.weak_slice], weak_labels),
    )


def _cross_entropy(posteriors: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean over all elements; 0 where a part is absent, whose mean would be no number."""
    if not len(labels):
        return posteriors.new_zeros(())
    return functional.binary_cross_entropy(posteriors, labels)


def consistency(
    student: Output, teacher: Output, *, kind: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Distance of the student from the (detached) teacher over all clips: strong, weak."""
    distance = CONSISTENCY[kind]
    return (
        distance(student[0], teacher[0].detach()),
        distance(student[1], teacher[1].detach()),
    )
