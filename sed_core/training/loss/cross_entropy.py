"""Binary cross entropy, the loss of the baselines."""

import torch
from torch.nn import functional


def cross_entropy(posteriors: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean over all elements of -(y log p + (1 - y) log(1 - p)), logarithms from -100 on."""
    return functional.binary_cross_entropy(posteriors, labels)
