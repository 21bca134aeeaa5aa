"""The courses of the learning rate that `opt.schedule` can name."""

from collections.abc import Callable

from sed_core.training.schedule.dcase2022 import dcase2022
from sed_core.training.schedule.dcase2024 import dcase2024
from sed_core.training.schedule.exponential import exponential, exponential_cosine
from sed_core.training.schedule.linear_cosine import linear_cosine

SCHEDULES: dict[str, Callable[..., float]] = {
    "dcase2022": dcase2022,
    "dcase2024": dcase2024,
    "exponential": exponential,
    "exponential_cosine": exponential_cosine,
    "linear_cosine": linear_cosine,
}
"""Of the number of an update, from 0, and the training's `Length`: the share of `opt.lr`."""
