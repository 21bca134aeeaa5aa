"""Segment-based F1: which classes are active in each second."""

import numpy as np
from numpy.typing import NDArray

from sed_core.scoring.events import Events, microseconds, row_keys
from sed_core.scoring.f1 import F1, F1Counts, f1_scores
from sed_core.scoring.frames import spread
from sed_core.scoring.ground_truth import GroundTruth

UNDEFINED = "no event or no detection"  # left out of the mean in 2022


def segment_counts(
    detections: Events, truth: GroundTruth, *, segment: float = 1.0, convention: str = "dcase2022"
) -> F1Counts:
    """Count active segments of `segment` seconds; one that an event touches is active.

    Under `dcase2022` (sed_eval) segments go on past the clip end as far as events do; under
    `sed_scores_eval` events are cut at the clip end.
    """
    durations = None if convention == "dcase2022" else microseconds(truth.durations)
    n_classes = len(truth.classes)
    ticks = int(microseconds(segment))
    latest = max(float(e.offset.max(initial=0)) for e in (truth.events, detections))
    stride = int(microseconds(latest)) // ticks + 2  # segments a row has room for
    ref, sys = (
        _active(table, n_classes, ticks, stride, durations) for table in (truth.events, detections)
    )
    both = np.intersect1d(ref, sys, assume_unique=True)
    shape = (len(truth.filenames), n_classes)
    n_tp, n_ref, n_sys = (
        np.bincount(keys // stride, minlength=shape[0] * n_classes).reshape(shape)
        for keys in (both, ref, sys)
    )
    return F1Counts(tp=n_tp, fp=n_sys - n_tp, ref=n_ref, sys=n_sys)


def segment_f1(
    detections: Events, truth: GroundTruth, *, segment: float = 1.0, convention: str = "dcase2022"
) -> F1:
    """F1 of `segment_counts`.

    Under `dcase2022` a class without ground truth or without any detection is left out of the
    mean (sed_eval); under `sed_scores_eval` the latter counts as 0.
    """
    counts = segment_counts(detections, truth, segment=segment, convention=convention)
    return f1_scores(counts, truth.classes, convention=convention, undefined=UNDEFINED)


def _active(
    events: Events, n_classes: int, segment: int, stride: int, durations: NDArray | None
) -> NDArray[np.int64]:
    """Sorted keys of active (clip, class, segment) cells."""
    onset, offset = microseconds(events.onset), microseconds(events.offset)
    if durations is not None:
        offset = np.minimum(offset, durations[events.clip])
    first = onset // segment
    count = np.maximum(-(-offset // segment) - first, 0)
    row = row_keys(events.clip.astype(np.int64) * n_classes + events.label, stride)
    return np.unique(spread(row + first, count))
