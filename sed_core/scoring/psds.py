"""Polyphonic sound detection score, threshold-free or at given operating points.

PSDS: C. Bilen et al., ICASSP 2020. Per class the best true positive ratio that is reached up to
each effective false positive rate; over classes, mean minus alpha_st standard deviations; the area
under that staircase up to max_efpr.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sed_core.scoring.intersection import IntersectionStatistics
from sed_core.scoring.psd_curves import References, class_roc, psd_roc
from sed_core.scoring.scenarios import Scenario
from sed_core.scoring.staircase import Roc


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
