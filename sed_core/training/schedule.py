"""How weight, learning rate and teacher change with the step (protocol of DCASE 2022 Task 4)."""

import math


def ramp(step: int, length: int) -> float:
    """Exponential ramp-up from near 0 to 1: exp(-5 (1 - n/N)^2), n = `step` clipped to [0, N].

    The ramp of Laine and Aila (Temporal Ensembling, 2017). A `length` of 0 means no ramp.
    """
    if length == 0:
        return 1.0
    progress = min(max(step, 0), length) / length
    return math.exp(-5.0 * (1.0 - progress) ** 2)


LOWEST_RATE = 1e-8


def learning_rate(
    update: int, *, maximum: float, length: int, anneal: tuple[int, int] | None = None
) -> float:
    """Rate that update 0, 1, 2, … uses.

    The 2022 scheduler sets the rate after each update and not before the first, so the very
    first update runs at the full rate; update k >= 1 runs at `ramp(k + 1)` of it.

    Args:
        update: its number.
        maximum: the full rate.
        length: steps of the ramp.
        anneal: steps between which the rate falls along a quarter of a cosine, as in 2024.
    """
    if update == 0:
        return maximum
    step = update + 1
    if anneal is not None and step >= anneal[0]:
        first, last = anneal
        quarter = math.cos(math.pi / 2 * (step - first) / (last - first))
        return max(LOWEST_RATE, maximum * quarter)
    return maximum * ramp(step, length)


def ema_alpha(step: int, *, factor: float) -> float:
    """Weight of the old teacher at step n = 1, 2, …: min(1 - 1/(n + 1), factor).

    Early on the teacher is the plain average of the students so far (Tarvainen and Valpola, 2017).
    """
    return min(1.0 - 1.0 / (step + 1), factor)
