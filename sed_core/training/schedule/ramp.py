"""The ramp that learning rate and consistency rise along (protocol of DCASE 2022 Task 4)."""

import math


def ramp(step: int, length: int) -> float:
    """Exponential ramp-up from near 0 to 1: exp(-5 (1 - n/N)^2), n = `step` clipped to [0, N].

    The ramp of Laine and Aila (Temporal Ensembling, 2017). A `length` of 0 means no ramp.
    """
    if length == 0:
        return 1.0
    progress = min(max(step, 0), length) / length
    return math.exp(-5.0 * (1.0 - progress) ** 2)
