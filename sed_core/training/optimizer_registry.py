"""The optimisers that `opt.optimizer` can name."""

from collections.abc import Callable

from torch.optim import Adam, AdamW, Optimizer

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "adam": Adam,
    "adamw": AdamW,
}
"""Of groups of weights, with `lr`, `betas`, `weight_decay` and `fused`."""
