"""The learning rate that is usual where transformers are fine-tuned."""

import math

from sed_core.training.schedule.length import Length


def linear_cosine(update: int, length: Length, *, warmup_steps: int = 1000) -> float:
    """In a line from 0 to 1, and then half a cosine to 0, which the end of training reaches.

    k / W for update k < W, then (1 + cos(pi (k - W) / (T - W))) / 2. RealDESED's baseline.

    Args:
        update: its number, from 0.
        length: of the training; only `total`, T, counts.
        warmup_steps: W, in optimiser steps whatever the length of an epoch.
    """
    if update < warmup_steps:
        return update / warmup_steps
    fallen = (update - warmup_steps) / max(1, length.total - warmup_steps)
    return (1.0 + math.cos(math.pi * fallen)) / 2.0
