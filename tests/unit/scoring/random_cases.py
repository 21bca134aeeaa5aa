"""Small random scoring problems, for comparison with independent implementations."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from sed_core.scoring.events import Events, make_events
from sed_core.scoring.ground_truth import GroundTruth

CLASSES = ["A", "B", "C"]
N_CLIPS, N_FRAMES, FRAME = 3, 12, 0.5


@dataclass
class Problem:
    """Scores (N, T, C) and a truth with touching-free events of every class."""

    scores: np.ndarray
    truth: GroundTruth


def random_problem(seed: int) -> Problem:
    rng = np.random.default_rng(seed)
    rows = []
    for clip in range(N_CLIPS):
        for label in range(len(CLASSES)):
            borders = np.sort(rng.choice(np.arange(1, 118), 4, replace=False)) * 0.05
            wanted = 2 if clip == label else rng.integers(0, 3)
            rows += [(clip, label, *borders[2 * i : 2 * i + 2]) for i in range(wanted)]
    levels = rng.random(rng.integers(2, 9))
    scores = rng.choice(levels, (N_CLIPS, N_FRAMES, len(CLASSES)))
    clips = [f"{index}.wav" for index in range(N_CLIPS)]
    durations = np.array([6.0, 4.8, 300.0])
    return Problem(
        scores, GroundTruth(clips, durations, CLASSES, make_events(*zip(*rows, strict=True)))
    )


def problems() -> st.SearchStrategy[Problem]:
    return st.integers(0, 2**32 - 1).map(random_problem)


def as_rows(events: Events, truth: GroundTruth) -> list[dict]:
    """Events as other tools want them."""
    return [
        {
            "filename": truth.filenames[clip],
            "event_label": truth.classes[label],
            "onset": float(onset),
            "offset": float(offset),
        }
        for clip, label, onset, offset in zip(
            events.clip, events.label, events.onset, events.offset, strict=True
        )
    ]
