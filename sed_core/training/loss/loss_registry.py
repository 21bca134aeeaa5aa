"""The losses that `training.loss` and `training.self_sup_loss` can name."""

from collections.abc import Callable

import torch

from sed_core.training.loss.asymmetric_focal import asymmetric_focal
from sed_core.training.loss.cross_entropy import cross_entropy
from sed_core.training.loss.squared_error import squared_error

SUPERVISED: dict[str, Callable[..., torch.Tensor]] = {
    "bce": cross_entropy,
    "asymmetric_focal": asymmetric_focal,
}
"""Of posteriors and labels: of frames, and of weakly labelled clips."""

CONSISTENCY: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "mse": squared_error,
    "bce": cross_entropy,
}
"""Of the student's posteriors and the teacher's."""
