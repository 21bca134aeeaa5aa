"""Area under the ROC curve of segments, whole or up to a false positive rate.

A segment's score is the highest of the frames that it touches; it is positive if an event touches
it. The rules are those of sed_scores_eval: no interpolation between points, segments behind the
last frame score 0, and a partial area is divided by its largest false positive rate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sed_core.runtime.errors import SedError
from sed_core.scoring.aligned_scores import AlignedScores
from sed_core.scoring.events import microseconds
from sed_core.scoring.frames import FrameScores, spread
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.settings import Settings
from sed_core.scoring.staircase import staircase

REALDESED_MAX_FPR = 0.1
"""Up to where RealDESED's protocol takes the area."""

Judge = Callable[[NDArray, NDArray[np.bool_]], float | None]
"""A figure from the (S,) scores of a class and which segments are positive; None: undefined."""


@dataclass(frozen=True)
class Auroc:
    """Areas, or another figure of 0..1 that segments have.

    Attributes:
        value: mean over the defined classes; 0 where there is none.
        per_class: None for classes without positive or without negative segments; they take no
            part in the mean.
    """

    value: float
    per_class: dict[str, float | None]

    @classmethod
    def of(cls, per_class: dict[str, float | None]) -> "Auroc":
        """Those of the classes and their mean."""
        defined = [value for value in per_class.values() if value is not None]
        return cls(float(np.mean(defined)) if defined else 0.0, per_class)

    @property
    def undefined(self) -> list[str]:
        """Classes without an area."""
        return [name for name, area in self.per_class.items() if area is None]

    def as_dict(self) -> dict[str, Any]:
        """JSON-like form."""
        return {"value": self.value, "per_class": self.per_class, "undefined": self.undefined}


def segment_auroc(
    aligned: AlignedScores[FrameScores],
    settings: Settings,
    *,
    segment: float = 1.0,
    max_fpr: float = 1.0,
) -> Auroc:
    """Area under the ROC curve of segments of all judged clips.

    Args:
        aligned: scores and truth; scores must not be negative.
        settings: the median windows.
        segment: length in seconds.
        max_fpr: largest false positive rate, above 0 up to 1.

    Raises:
        SedError: a length or rate that makes no sense.
    """
    if not (segment >= 1e-6 and 0 < max_fpr <= 1):
        raise SedError(
            f"segment is {segment} and max_fpr {max_fpr}; expected seconds above 0 and a rate "
            "above 0 up to 1."
        )
    return segment_score(
        aligned, settings, lambda scores, hit: roc_area(scores, hit, max_fpr), segment=segment
    )


def segment_score(
    aligned: AlignedScores[FrameScores],
    settings: Settings,
    judge: Judge,
    *,
    segment: float = 1.0,
) -> Auroc:
    """What `judge` makes of the segments of all judged clips, class by class, and the mean."""
    truth, frames = aligned.truth, aligned.scores
    counts = -(-microseconds(truth.durations[aligned.clips]) // int(microseconds(segment)))
    first, stop = _frames_of(frames, counts, int(microseconds(segment)))
    positive = _positive(truth, aligned.clips, counts, int(microseconds(segment)))
    found: dict[str, float | None] = {}
    for label, window in enumerate(settings.windows_of(len(truth.classes))):
        line = frames.filtered(label, window)
        between = np.stack([first, stop], axis=1).ravel()
        highest = np.maximum.reduceat(line, between)[::2] if len(between) else np.zeros(0)
        found[truth.classes[label]] = judge(np.where(stop > first, highest, 0), positive[label])
    return Auroc.of(found)


def roc_area(scores: NDArray, positive: NDArray[np.bool_], max_fpr: float = 1.0) -> float | None:
    """Area under the staircase of (S,) scores; None without positives or without negatives."""
    n_positive = int(positive.sum())
    if n_positive in (0, len(positive)):
        return None
    order = np.argsort(-scores, kind="stable")
    ranked, hit = scores[order], positive[order]
    last = np.append(ranked[1:] != ranked[:-1], True)  # equal scores pass a threshold together
    tpr = np.cumsum(hit)[last] / n_positive
    fpr = np.cumsum(~hit)[last] / (len(hit) - n_positive)
    return staircase(fpr, tpr, max_fpr).area(max_fpr)


def _frames_of(
    frames: FrameScores, counts: NDArray[np.int64], ticks: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First slot of each segment of all clips, and the slot behind its last."""
    time = microseconds(frames.time)
    first, stop = [], []
    for slot, length, count in zip(frames.first, frames.n_frames, counts, strict=True):
        begin = np.arange(count) * ticks
        borders = time[slot : slot + length + 1]
        first.append(slot + np.maximum(np.searchsorted(borders, begin, "right") - 1, 0))
        stop.append(slot + np.minimum(np.searchsorted(borders, begin + ticks), length))
    empty = np.zeros(0, np.int64)
    return np.concatenate([empty, *first]), np.concatenate([empty, *stop])


def _positive(
    truth: GroundTruth, clips: NDArray[np.int64], counts: NDArray[np.int64], ticks: int
) -> NDArray[np.bool_]:
    """(C, S) whether an event touches each segment of the given clips."""
    start = np.full(len(truth.filenames), -1, np.int64)
    start[clips] = np.cumsum(counts) - counts
    room = np.zeros(len(truth.filenames), np.int64)
    room[clips] = counts
    events = truth.events[start[truth.events.clip] >= 0]
    begin = microseconds(events.onset) // ticks
    end = np.minimum(-(-microseconds(events.offset) // ticks), room[events.clip])
    length = np.maximum(end - begin, 0)
    positive = np.zeros((len(truth.classes), int(counts.sum())), bool)
    label = np.repeat(events.label.astype(np.int64), length)
    positive[label, spread(start[events.clip] + begin, length)] = True
    return positive
