"""The teacher as a moving average of students."""

import torch
from torch import nn


def averaged(network: nn.Module) -> list[torch.Tensor]:
    """Tensors that the teacher averages: parameters only.

    Batch-norm statistics are not among them: as in 2022 the teacher keeps those of its own
    forward passes.
    """
    return [parameter.detach() for parameter in network.parameters()]


def ema_alpha(step: int, *, factor: float, warmup: bool = True) -> float:
    """Weight of the old teacher at step n = 1, 2, …: min(1 - 1/(n + 1), factor).

    So early on the teacher is the plain average of the students so far (Tarvainen and Valpola,
    2017). Without `warmup` it is `factor` at every step.
    """
    return min(1.0 - 1.0 / (step + 1), factor) if warmup else factor


@torch.no_grad()
def update_teacher(
    teacher: list[torch.Tensor], student: list[torch.Tensor], *, alpha: float
) -> None:
    """teacher = alpha * teacher + (1 - alpha) * student, in place."""
    torch._foreach_mul_(teacher, alpha)
    torch._foreach_add_(teacher, student, alpha=1.0 - alpha)
