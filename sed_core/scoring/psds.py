"""Polyphonic sound detection score, threshold-free or at given operating points.

PSDS: C. Bilen et al., ICASSP 2020. Per class the best true positive ratio that is reached up to
each effective false positive rate; over classes, mean minus alpha_st standard deviations; the area
under that staircase up to max_efpr.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.intersection import IntersectionStatistics
from sed_core.scoring.scenarios import Scenario
from sed_core.scoring.staircase import Roc, staircase

_HOUR = 3600.0
_RATE_DECIMALS = 9  # of events per hour: rates that differ by less differ by rounding only


@dataclass(frozen=True)
class Psds:
    """A score with all that it was made of.

    Attributes:
        value: PSDS with the scenario's alpha_st.
        class_mean: the same with alpha_st = 0, the mean of `per_class`.
        per_class: PSDS of each class alone; None for classes without ground truth.
        undefined: those classes; they take no part.
        curve: PSD-ROC (effective rates and ratios).
        class_curves: ROC of each defined class.
    """

    value: float
    class_mean: float
    per_class: dict[str, float | None]
    undefined: list[str]
    curve: Roc
    class_curves: dict[str, Roc]

    def as_dict(self) -> dict[str, Any]:
        """JSON-like form without the curves."""
        names = ("value", "class_mean", "per_class", "undefined")
        return {name: getattr(self, name) for name in names}


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


def psds(
    statistics: IntersectionStatistics,
    totals: References,
    classes: Sequence[str],
    scenario: Scenario,
) -> Psds:
    """PSDS of counted detections (`intersection_statistics` with the scenario's criteria)."""
    by_class = statistics.by_class()
    names = [name for name, count in zip(classes, totals.count, strict=True) if count > 0]
    curves = {
        name: class_roc(of_class, label, totals, scenario)
        for label, (name, of_class) in enumerate(zip(classes, by_class, strict=True))
        if name in names
    }
    return psds_of_curves(curves, classes, scenario)


def psds_of_curves(curves: Mapping[str, Roc], classes: Sequence[str], scenario: Scenario) -> Psds:
    """PSDS from the curve of each class that has ground truth."""
    curve = psd_roc(list(curves.values()), scenario.alpha_st)
    areas = {name: roc.area(scenario.max_efpr) for name, roc in curves.items()}
    return Psds(
        value=curve.area(scenario.max_efpr),
        class_mean=float(np.mean(list(areas.values()))) if areas else 0.0,
        per_class={name: areas.get(name) for name in classes},
        undefined=[name for name in classes if name not in areas],
        curve=curve,
        class_curves=dict(curves),
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
