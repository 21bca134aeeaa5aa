"""Mean squared error, the baselines' distance of the student from the teacher."""

import torch
from torch.nn import functional


def squared_error(posteriors: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean over all elements of (p - y)^2."""
    return functional.mse_loss(posteriors, labels)
