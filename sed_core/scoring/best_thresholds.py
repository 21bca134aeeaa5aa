"""One threshold a class, chosen for the best F1."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sed_core.scoring.collar import collar_f1
from sed_core.scoring.decode import decode_many, operating_points
from sed_core.scoring.f1 import F1
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.intersection import intersection_f1

CANDIDATES = 50  # operating points between 0 and 1, as for PSDS on the scale of 2022
USUAL = 0.5
_F1: dict[str, Callable[..., F1]] = {"intersection": intersection_f1, "event": collar_f1}


def best_thresholds(
    scores: NDArray[np.float32],
    truth: GroundTruth,
    *,
    frame_seconds: float,
    n_frames: NDArray[np.int64] | None = None,
    kind: str = "intersection",
) -> dict[str, float]:
    """The threshold with the best F1 of each class; of equals the one nearest to 0.5.

    A class without an event, or without a hit at any threshold, keeps 0.5.

    Args:
        scores: (N, T, C), already filtered.
        truth: of the same clips.
        frame_seconds: length of a frame.
        n_frames: (N,) valid frames of each clip; None: all T.
        kind: whose F1, `intersection` or `event`, by the rules of sed_scores_eval.

    Example:
        >>> from sed_core.scoring.events import make_events
        >>> events = make_events(clip=[0], label=[0], onset=[1.0], offset=[2.0])
        >>> truth = GroundTruth(["a.wav"], np.array([4.0]), ["Dog"], events)
        >>> scores = np.array([0.2, 0.4, 0.2, 0.3], np.float32).reshape(1, 4, 1)
        >>> best_thresholds(scores, truth, frame_seconds=1.0)
        {'Dog': 0.39}
    """
    points = operating_points(CANDIDATES)
    tables = decode_many(scores, points, frame_seconds=frame_seconds, n_frames=n_frames)
    found = [_F1[kind](events, truth, convention="sed_scores_eval").per_class for events in tables]
    best = {}
    for name in truth.classes:
        ranked = [
            (f1[name] or 0.0, -abs(point - USUAL), point)
            for f1, point in zip(found, points.tolist(), strict=True)
        ]
        score, _, point = max(ranked)
        best[name] = round(point, 6) if score > 0 else USUAL
    return best
