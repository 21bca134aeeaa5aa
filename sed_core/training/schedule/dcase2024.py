"""The learning rate of the baseline of 2024."""

import math

from sed_core.training.schedule.dcase2022 import dcase2022
from sed_core.training.schedule.length import Length

Count = int
"""A whole number from 1 on."""
LOWEST = 1e-5
"""Of the full rate; 1e-8 in 2024, whose full rate is 1e-3."""


def dcase2024(update: int, length: Length, *, anneal_from: Count) -> float:
    """As in 2022, but from an epoch on it falls along a quarter of a cosine, to the last update.

    Args:
        update: its number, from 0.
        length: of the training.
        anneal_from: the epoch; 100 of 300 in 2024.
    """
    first, step = anneal_from * length.epoch, update + 1
    if update == 0 or step < first:
        return dcase2022(update, length)
    return max(LOWEST, math.cos(math.pi / 2 * (step - first) / (length.total - first)))
