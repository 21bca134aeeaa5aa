"""How long a training is, as schedules count it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Length:
    """Numbers of optimiser steps.

    Attributes:
        warmup: of the epochs of `training.n_epochs_warmup`.
        epoch: of one epoch.
        total: of all `training.n_epochs`.
    """

    warmup: int
    epoch: int
    total: int
