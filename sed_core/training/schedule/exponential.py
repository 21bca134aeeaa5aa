"""Learning rates that rise along the ramp from the first update on, as in ATST-SED."""

import math

from sed_core.training.schedule.length import Length
from sed_core.training.schedule.ramp import ramp

Share = float
"""A number from 0 to 1."""


def exponential(update: int, length: Length) -> float:
    """The ramp and then the full rate; update k is at `ramp(k + 1)`. Stage 1 of ATST-SED."""
    return ramp(update + 1, length.warmup)


def exponential_cosine(update: int, length: Length, *, lowest: Share = 0.1) -> float:
    """The ramp, and behind it half a cosine down to a share of the full rate. Stage 2 of ATST-SED.

    lowest + (1 - lowest) (1 + cos(pi (n - N) / (T - N))) / 2 with n = k + 1 for update k, N steps
    of the ramp and T in all.
    """
    step = update + 1
    if step < length.warmup:
        return ramp(step, length.warmup)
    fallen = (step - length.warmup) / max(1, length.total - length.warmup)
    return lowest + (1.0 - lowest) * (1.0 + math.cos(math.pi * fallen)) / 2.0
