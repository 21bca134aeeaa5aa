"""The curve of each class, and the one over all classes, that a PSDS is the area under."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.intersection import IntersectionStatistics
from sed_core.scoring.scenarios import Scenario
from sed_core.scoring.staircase import Roc, staircase

_HOUR = 3600.0
_RATE_DECIMALS = 9  # of events per hour: rates that differ by less differ by rounding only


@dataclass(frozen=True)
class References:
    """What rates are relative to: seconds of audio; events and their seconds per class (C,)."""

    seconds: float
    count: NDArray[np.float64]
    length: NDArray[np.float64]


def references(truth: GroundTruth) -> References:
    """Totals of a ground truth."""
    events, n_classes = truth.events, len(truth.classes)
    seconds = events.offset - events.onset
    return References(
        seconds=float(truth.durations.sum()),
        count=np.bincount(events.label, minlength=n_classes).astype(np.float64),
        length=np.bincount(events.label, seconds, minlength=n_classes).astype(np.float64),
    )


def class_roc(
    statistics: IntersectionStatistics,
    label: int,
    totals: References,
    scenario: Scenario,
    clip_weight: NDArray | None = None,
) -> Roc:
    """ROC of one class.

    Args:
        statistics: the class's statistics.
        label: its number.
        totals: what the rates are relative to (with the same weights).
        scenario: weights of cross-triggers, largest rate.
        clip_weight: (N,) how often each clip counts. None: once.
    """
    n_points = int(statistics.n_points[0])
    ratio = statistics.tp.running(n_points, clip_weight) / totals.count[label]
    rate = statistics.fp.running(n_points, clip_weight) * (_HOUR / totals.seconds)
    others = int(np.count_nonzero(totals.count)) - 1
    if statistics.ct is not None and others > 0:
        per_hour = _HOUR / np.where(totals.length > 0, totals.length, np.inf)
        weight = scenario.alpha_ct / others * per_hour
        rate += statistics.ct.running(n_points, clip_weight, weight)
    return staircase(np.round(rate, _RATE_DECIMALS), ratio, scenario.max_efpr)


def psd_roc(curves: Sequence[Roc], alpha_st: float) -> Roc:
    """Effective true positive ratio over all rates at which any class has a step."""
    rates = np.unique(np.concatenate([[0.0], *(curve.efpr for curve in curves)]))
    ratios = np.array([curve.at(rates) for curve in curves]).reshape(len(curves), len(rates))
    if not curves:
        return Roc(rates, np.zeros_like(rates))
    return Roc(rates, np.maximum(ratios.mean(0) - alpha_st * ratios.std(0), 0))
