"""Curves that keep the best ratio reached up to each false positive rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
