"""The teacher as a moving average of students."""

import torch
from torch import nn


def averaged(network: nn.Module) -> list[torch.Tensor]:
    """Tensors that the teacher averages: parameters only.

    Batch-norm statistics are not among them: as in 2022 the teacher keeps those of its own
    forward passes.
    """
    return [parameter.detach() for parameter in network.parameters()]


@torch.no_grad()
def update_teacher(
    teacher: list[torch.Tensor], student: list[torch.Tensor], *, alpha: float
) -> None:
    """teacher = alpha * teacher + (1 - alpha) * student, in place."""
    torch._foreach_mul_(teacher, alpha)
    torch._foreach_add_(teacher, student, alpha=1.0 - alpha)
