"""Polyphonic sound detection score, threshold-free or at given operating points.

PSDS: C. Bilen et al., ICASSP 2020. Per class the best true positive ratio that is reached up to
each effective false positive rate; over classes, mean minus alpha_st standard deviations; the area
under that staircase up to max_efpr.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sed_core.runtime.errors import SedError
from sed_core.runtime.files import read_json
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.intersection import IntersectionStatistics

_HOUR = 3600.0
_RATE_DECIMALS = 9  # of events per hour: rates that differ by less differ by rounding only


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Parameters of a PSDS; rates are per hour. See `intersection_statistics` for the criteria."""

    dtc: float
    gtc: float
    cttc: float | None
    alpha_ct: float
    alpha_st: float
    max_efpr: float


SCENARIOS = {
    "psds1": Scenario(dtc=0.7, gtc=0.7, cttc=None, alpha_ct=0.0, alpha_st=1.0, max_efpr=100.0),
    "psds2": Scenario(dtc=0.1, gtc=0.1, cttc=0.3, alpha_ct=0.5, alpha_st=1.0, max_efpr=100.0),
}


def read_scenarios(path: str | Path) -> dict[str, Scenario]:
    """Read PSDS parameters: {name: {dtc, gtc, cttc, alpha_ct, alpha_st, max_efpr}}.

    Raises:
        SedError: not such a file, or a parameter that makes no sense.
    """
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise SedError(
            f"{path} holds no scenarios; expected {{name: {{{', '.join(_PARAMETERS)}}}}}."
        )
    return {str(name): _scenario(f"{path}, {name}", values) for name, values in content.items()}


_PARAMETERS = [parameter.name for parameter in fields(Scenario)]


def _scenario(source: str, values: Any) -> Scenario:
    """A scenario from what a JSON file says of it."""
    if not isinstance(values, dict) or set(values) != set(_PARAMETERS):
        raise SedError(f"{source}: expected exactly the parameters {', '.join(_PARAMETERS)}.")
    crossing = values["alpha_ct"] != 0
    for name, value in values.items():
        if name == "cttc" and value is None and not crossing:
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value < 0:
            raise SedError(
                f"{source}: {name} is {value!r}; expected a number that is not negative."
            )
    scenario = Scenario(**values)
    tolerances = [scenario.dtc, scenario.gtc] + ([scenario.cttc] if crossing else [])
    if any(share is None or not 0 < share <= 1 for share in tolerances) or scenario.max_efpr <= 0:
        raise SedError(
            f"{source}: dtc, gtc and (with alpha_ct above 0) cttc must lie in (0, 1], and max_efpr "
            "must be above 0."
        )
    return scenario


@dataclass(frozen=True)
class Roc:
    """A staircase: at rates from `efpr[i]` on, the ratio is `tpr[i]`. The first rate is 0."""

    efpr: NDArray[np.float64]
    tpr: NDArray[np.float64]

    def at(self, rates: NDArray) -> NDArray[np.float64]:
        """(R,) the ratio at given rates."""
        return self.tpr[np.searchsorted(self.efpr, rates, side="right") - 1]

    def area(self, max_efpr: float) -> float:
        """Mean ratio over rates from 0 to `max_efpr`; all rates must lie below it."""
        return float(np.diff(self.efpr, append=max_efpr) @ self.tpr / max_efpr)


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


def staircase(rate: NDArray, ratio: NDArray, max_rate: float) -> Roc:
    """Best ratio reached up to each rate, from (0, 0) on, at rates up to `max_rate`."""
    kept = rate <= max_rate
    rate = np.concatenate([[0.0], rate[kept]])
    ratio = np.concatenate([[0.0], ratio[kept]])
    order = np.lexsort((ratio, rate))
    rate, best = rate[order], np.maximum.accumulate(ratio[order])
    last = np.concatenate([_differ(rate), [True]])  # the best of each rate
    rate, best = rate[last], best[last]
    rises = np.concatenate([[True], _differ(best)])
    return Roc(rate[rises], best[rises])


def _differ(values: NDArray) -> NDArray[np.bool_]:
    """(n - 1,) where neighbours differ; np.diff with its padding takes ten times as long."""
    return values[1:] != values[:-1]
