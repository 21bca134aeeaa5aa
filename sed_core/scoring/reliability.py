"""Whether a score of 0.7 is right in 7 of 10 cases: frames by their score, with what was true."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sed_core.scoring.aligned_scores import AlignedScores
from sed_core.scoring.frames import FrameScores, spread

BINS = 10


def reliability(aligned: AlignedScores[FrameScores]) -> dict[str, Any] | None:
    """Frames of all classes and judged clips in bins of equal width by their unfiltered score.

    A frame is active if its centre lies in an event. The expected calibration error is the mean
    distance between score and share of active frames, weighted by the frames of each bin
    (M. Naeini et al., AAAI 2015).

    Returns:
        For each bin `frames`, `score` (mean) and `active` (share), both None in an empty one, and
        `expected_calibration_error`; None where scores are not between 0 and 1.
    """
    truth, frames = aligned.truth, aligned.scores
    slots = spread(frames.first, frames.n_frames)
    centre = (frames.time[slots] + frames.time[slots + 1]) / 2
    place = np.full(len(truth.filenames), -1, np.int64)
    place[aligned.clips] = np.arange(len(aligned.clips))
    events = truth.events[place[truth.events.clip] >= 0]
    stride = max(float(centre.max(initial=0)), float(events.offset.max(initial=0))) + 1
    line = np.repeat(np.arange(len(frames.n_frames)), frames.n_frames) * stride + centre
    begin, end = (
        np.searchsorted(line, place[events.clip] * stride + time)
        for time in (events.onset, events.offset)
    )
    totals = np.zeros((3, BINS))
    for label in range(len(truth.classes)):
        scores = frames.lines[label][slots].astype(np.float64)
        if len(scores) and not (scores.min() >= 0 and scores.max() <= 1):
            return None
        own = events.label == label
        change = np.zeros(len(slots) + 1, np.int64)
        np.add.at(change, begin[own], 1)
        np.add.at(change, end[own], -1)
        totals += _binned(scores, np.cumsum(change)[:-1] > 0)
    count, score, active = totals
    filled = np.maximum(count, 1)
    return {
        "frames": count.astype(np.int64).tolist(),
        "score": _where(score / filled, count),
        "active": _where(active / filled, count),
        "expected_calibration_error": float(np.abs(score - active).sum() / max(count.sum(), 1)),
    }


def _binned(scores: NDArray[np.float64], active: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(3, BINS) frames, sum of their scores, active ones."""
    number = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    weights = (None, scores, active.astype(np.float64))
    return np.stack([np.bincount(number, weight, minlength=BINS) for weight in weights])


def _where(values: NDArray[np.float64], count: NDArray[np.float64]) -> list[float | None]:
    return [float(value) if some else None for value, some in zip(values, count, strict=True)]
