"""The learning rate of the baselines of 2022 and 2023."""

from sed_core.training.schedule.length import Length
from sed_core.training.schedule.ramp import ramp


def dcase2022(update: int, length: Length) -> float:
    """The first update at the full rate, then the ramp, and then the full rate.

    Their scheduler sets the rate after each update and not before the first, so update 0 runs at
    the full rate and update k >= 1 at `ramp(k + 1)` of it.
    """
    return 1.0 if update == 0 else ramp(update + 1, length.warmup)
