"""Collar-based (event-based) F1: a detection is right if its onset and offset are close enough."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from sed_core.scoring.events import Events, microseconds, row_keys
from sed_core.scoring.f1 import F1, F1Counts, f1_scores, tally
from sed_core.scoring.frames import spread
from sed_core.scoring.ground_truth import GroundTruth

UNDEFINED = "no event"  # left out of the mean in 2022
_ROUNDING = 1e-9  # s, what sed_scores_eval forgives


def collar_counts(
    detections: Events,
    truth: GroundTruth,
    *,
    collar: float = 0.2,
    offset_part: float = 0.2,
    convention: str = "dcase2022",
) -> F1Counts:
    """Match detections and events one to one, as many pairs as possible.

    A pair may match if the onsets differ by at most `collar` seconds and the offsets by at most
    the larger of `collar` and `offset_part` of the event. `dcase2022` compares floating-point
    times strictly, as sed_eval does: an offset off by exactly 200 ms may fail.
    `sed_scores_eval` forgives the rounding.
    """
    slack = 0.0 if convention == "dcase2022" else _ROUNDING
    event, detection = _near(truth.events, detections, collar, len(truth.classes))
    reference, found = truth.events[event], detections[detection]
    tolerance = np.maximum(collar, offset_part * (reference.offset - reference.onset))
    right = (np.abs(reference.onset - found.onset) <= collar + slack) & (
        np.abs(reference.offset - found.offset) <= tolerance + slack
    )
    pairs = csr_array(
        (np.ones(right.sum(), np.int8), (event[right], detection[right])),
        shape=(len(truth.events), len(detections)),
    )
    matched = maximum_bipartite_matching(pairs, perm_type="column") >= 0
    shape = (len(truth.filenames), len(truth.classes))
    tp, ref, sys = (tally(e, shape) for e in (truth.events[matched], truth.events, detections))
    return F1Counts(tp=tp, fp=sys - tp, ref=ref, sys=sys)


def collar_f1(
    detections: Events,
    truth: GroundTruth,
    *,
    collar: float = 0.2,
    offset_part: float = 0.2,
    convention: str = "dcase2022",
) -> F1:
    """F1 of `collar_counts`; a class without ground truth is left out of the mean (sed_eval).

    Example:
        >>> from sed_core.scoring.events import make_events
        >>> events = make_events(clip=[0, 0], label=[0, 1], onset=[1.0, 4.0], offset=[2.0, 9.0])
        >>> truth = GroundTruth(["a.wav"], np.array([10.0]), ["Dog", "Frying"], events)
        >>> found = make_events(clip=[0, 0], label=[0, 1], onset=[1.1, 5.0], offset=[2.1, 9.0])
        >>> collar_f1(found, truth).per_class
        {'Dog': 1.0, 'Frying': 0.0}
    """
    counts = collar_counts(
        detections, truth, collar=collar, offset_part=offset_part, convention=convention
    )
    return f1_scores(counts, truth.classes, convention=convention, undefined=UNDEFINED)


def _near(
    events: Events, detections: Events, collar: float, n_classes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs (event, detection) of one clip and class with onsets within the collar or nearly so."""
    reach = int(microseconds(collar)) + 1
    onsets = [microseconds(table.onset) for table in (events, detections)]
    stride = max(int(onset.max(initial=0)) for onset in onsets) + 2 * reach
    keys = [
        row_keys(table.clip.astype(np.int64) * n_classes + table.label, stride) + onset
        for table, onset in zip((events, detections), onsets, strict=True)
    ]
    order = np.argsort(keys[1], kind="stable")
    first = np.searchsorted(keys[1][order], keys[0] - reach, side="left")
    count = np.searchsorted(keys[1][order], keys[0] + reach, side="right") - first
    event = np.repeat(np.arange(len(events)), count)
    return event, order[spread(first, count)]
