"""Confidence intervals by resampling clips (bootstrap), and a paired test of two systems.

A resample draws as many clips as there are, with replacement; a clip drawn twice counts twice in
detections, ground truth and duration. Nothing is matched again: the counts of each clip are kept
and weighted. Systems resampled with the same seed see the same draws, so their differences are
paired. B. Efron, R. Tibshirani, "An introduction to the bootstrap", 1993, chapters 13 and 16.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sed_core.runtime.progress import progress
from sed_core.scoring.counts import ClipStatistics
from sed_core.scoring.f1 import F1Counts, f1_scores
from sed_core.scoring.psd_curves import class_roc, psd_roc


def draws(n_clips: int, n_bootstrap: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """(N,) how often each clip is drawn, resample by resample."""
    rng = np.random.default_rng(seed)
    for _ in range(n_bootstrap):
        drawn = rng.integers(0, n_clips, n_clips)
        yield np.bincount(drawn, minlength=n_clips).astype(np.float64)


def weighted_scores(system: ClipStatistics, weight: NDArray) -> dict[str, float]:
    """All metrics of a system when clip n counts `weight[n]` times."""
    totals = system.totals(weight)
    values = {}
    for name, (scenario, by_class) in system.psds.items():
        curves = [
            class_roc(statistics, label, totals, scenario, weight)
            for label, statistics in enumerate(by_class)
            if totals.count[label] > 0
        ]
        values[name] = psd_roc(curves, scenario.alpha_st).area(scenario.max_efpr)
        if name.endswith("_exact"):
            areas = [curve.area(scenario.max_efpr) for curve in curves]
            mean = float(np.mean(areas)) if areas else 0.0
            values[name.replace("_exact", "_class_mean")] = mean
    for name, (counts, undefined) in system.f1.items():
        summed = F1Counts(*(weight[None] @ getattr(counts, kind) for kind in vars(counts)))
        score = f1_scores(summed, system.classes, convention=system.convention, undefined=undefined)
        values[name] = score.macro
    return values


def bootstrap(
    system: ClipStatistics, *, n_bootstrap: int = 1000, seed: int = 0
) -> dict[str, NDArray[np.float64]]:
    """Metrics of each resample, (R,) per metric; equal seeds draw equal clips."""
    bar = progress(
        draws(len(system.durations), n_bootstrap, seed), total=n_bootstrap, desc="bootstrap"
    )
    rows = [weighted_scores(system, weight) for weight in bar]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def interval(values: NDArray, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of resampled values.

    Example:
        >>> interval(np.arange(201), level=0.5)
        (50.0, 150.0)
    """
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


@dataclass(frozen=True)
class Comparison:
    """Difference of two systems (first minus second) with its interval and two-sided p value."""

    difference: float
    low: float
    high: float
    p: float


def compare(
    first: Mapping[str, NDArray], second: Mapping[str, NDArray], *, level: float = 0.95
) -> dict[str, Comparison]:
    """Paired test per metric, from draws made with one seed on one ground truth.

    p is twice the share of draws in which the difference has the rarer sign, with one
    draw added so that it is never 0.
    """
    results = {}
    for name, values in first.items():
        difference = values - second[name]
        rarer = min((difference <= 0).sum(), (difference >= 0).sum())
        p = min(1.0, 2 * (int(rarer) + 1) / (len(difference) + 1))
        results[name] = Comparison(float(difference.mean()), *interval(difference, level), p)
    return results
