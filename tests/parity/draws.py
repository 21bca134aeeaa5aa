"""What a training draws at random, as a rule: two implementations that follow it draw the same."""

import numpy as np

SECONDS, RATE = 2, 16000
STEPS, WARMUP, EMA = 120, 30, 0.99
NET = {"nb_filters": [4, 8, 16, 16, 16, 16, 16], "n_RNN_cell": 16, "dropout": 0.5}
PARTS = {"strong": (0, 1, 2), "weak": (3, 4, 5), "unlabelled": (6, 7)}
"""Clips of each part; a batch takes two of each."""
STUDENT, TEACHER = 0, 1


def batch(step: int) -> list[int]:
    """The six clips of a step: strong, weak, unlabelled."""
    draw = np.random.default_rng([1, step])
    return [int(clip) for part in PARTS.values() for clip in draw.permutation(part)[:2]]


def mixup(step: int) -> list[tuple[float, np.ndarray]] | None:
    """Coefficient and order of the weak, then of the strong part; None in half of the steps."""
    draw = np.random.default_rng([2, step])
    if draw.random() >= 0.5:
        return None
    return [(float(draw.beta(0.2, 0.2)), draw.permutation(2)) for _ in range(2)]


def dropout(step: int, network: int, layer: int, shape: tuple[int, ...]) -> np.ndarray:
    """0 or 2 for each value of a layer's input, (B, C, T, F) or (B, T, C) behind the GRU."""
    draw = np.random.default_rng([3, step, network, layer])
    return (draw.random(shape, dtype=np.float32) < 0.5) * 2.0
