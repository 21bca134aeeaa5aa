"""How sure the scores are: resampling of clips, intervals, and a paired test of two systems.

A resample draws as many clips as there are, with replacement; a clip drawn twice counts twice in
detections, ground truth and duration. Nothing is matched again: the counts of each clip are kept
and weighted. Systems resampled with the same seed see the same draws, so their differences are
paired. B. Efron, R. Tibshirani, "An introduction to the bootstrap", 1993, chapters 13 and 16.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sed_core.runtime.progress import progress
from sed_core.scoring import collar, intersection, segment
from sed_core.scoring.evaluate import Detections, Settings, scenario_statistics
from sed_core.scoring.f1 import F1Counts, f1_scores
from sed_core.scoring.intersection import Changes, Statistics
from sed_core.scoring.psds import References, Scenario, class_roc, psd_roc
from sed_core.scoring.truth import Truth

_MARGIN = 4.0  # points with more than this times max_efpr are out of reach of any resample


@dataclass(frozen=True)
class ClipStatistics:
    """Counts of one system, clip by clip, from which any weighting of clips is scored.

    Attributes:
        psds: per metric name the scenario and the counts of each class.
        f1: per metric name the counts and the rule for undefined classes.
        classes: names.
        durations: (N,) seconds.
        count, length: (N, C) events and their seconds.
    """

    psds: dict[str, tuple[Scenario, list[Statistics]]]
    f1: dict[str, tuple[F1Counts, str]]
    classes: list[str]
    durations: NDArray[np.float64]
    count: NDArray[np.float64]
    length: NDArray[np.float64]

    def totals(self, weight: NDArray) -> References:
        """What rates are relative to when clip n counts `weight[n]` times."""
        seconds = float(weight @ self.durations)
        return References(seconds, weight @ self.count, weight @ self.length)


def clip_statistics(found: Detections, truth: Truth, settings: Settings) -> ClipStatistics:
    """Count the detections of one network once (see `evaluate.detect`)."""
    shape = (len(truth.filenames), len(truth.classes))
    events = truth.events
    cell = events.clip.astype(np.int64) * shape[1] + events.label
    seconds = events.offset - events.onset
    scores = {}
    for name, scenario in settings.scenarios.items():
        for scale, spans, convention in (
            ("exact", found.exact, "sed_scores_eval"),
            ("dcase2022", found.coarse, "dcase2022"),
        ):
            statistics = scenario_statistics(spans, truth, scenario, convention)
            limit = _MARGIN * scenario.max_efpr * truth.durations.sum() / 3600
            parts = [_compact(part, limit) for part in statistics.by_class()]
            scores[f"{name}_{scale}"] = (scenario, parts)
    half = intersection.intersection_counts(found.events, truth, dtc=0.5, gtc=0.5)
    return ClipStatistics(
        psds=scores,
        f1={
            "intersection_f1": (half, intersection.UNDEFINED),
            "collar_f1": (collar.collar_counts(found.events, truth), collar.UNDEFINED),
            "segment_f1": (segment.segment_counts(found.events, truth), segment.UNDEFINED),
        },
        classes=truth.classes,
        durations=truth.durations,
        count=np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64),
        length=np.bincount(cell, seconds, shape[0] * shape[1]).reshape(shape).astype(np.float64),
    )


def draws(n_clips: int, n_resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """(N,) how often each clip is drawn, resample by resample."""
    rng = np.random.default_rng(seed)
    for _ in range(n_resamples):
        drawn = rng.integers(0, n_clips, n_clips)
        yield np.bincount(drawn, minlength=n_clips).astype(np.float64)


def weighted_scores(system: ClipStatistics, weight: NDArray) -> dict[str, float]:
    """All metrics of a system when clip n counts `weight[n]` times."""
    totals = system.totals(weight)
    values = {}
    for name, (scenario, parts) in system.psds.items():
        curves = [
            class_roc(part, label, totals, scenario, weight)
            for label, part in enumerate(parts)
            if totals.count[label] > 0
        ]
        values[name] = psd_roc(curves, scenario.alpha_st).area(scenario.max_efpr)
        if name.endswith("_exact"):
            areas = [curve.area(scenario.max_efpr) for curve in curves]
            mean = float(np.mean(areas)) if areas else 0.0
            values[name.replace("_exact", "_class_mean")] = mean
    for name, (counts, undefined) in system.f1.items():
        summed = F1Counts(*(weight[None] @ getattr(counts, part) for part in vars(counts)))
        score = f1_scores(summed, system.classes, convention="dcase2022", undefined=undefined)
        values[name] = score.macro
    return values


def resample(
    system: ClipStatistics, *, n_resamples: int = 1000, seed: int = 0
) -> dict[str, NDArray[np.float64]]:
    """Metrics of each resample, (R,) per metric; equal seeds draw equal clips."""
    bar = progress(
        draws(len(system.durations), n_resamples, seed), total=n_resamples, desc="bootstrap"
    )
    rows = [weighted_scores(system, weight) for weight in bar]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def interval(values: NDArray, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of resampled values."""
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
    """Paired test per metric, from resamples drawn with one seed on one ground truth.

    p is twice the share of resamples in which the difference has the rarer sign, with one
    resample added so that it is never 0.
    """
    results = {}
    for name, values in first.items():
        difference = values - second[name]
        rarer = min((difference <= 0).sum(), (difference >= 0).sum())
        p = min(1.0, 2 * (int(rarer) + 1) / (len(difference) + 1))
        results[name] = Comparison(float(difference.mean()), *interval(difference, level), p)
    return results


def _compact(part: Statistics, limit: float) -> Statistics:
    """The same counts at fewer points: those within reach at which anything changes.

    Changes of one clip at one point are added up; points after the last one with at most `limit`
    false positives are dropped.
    """
    n_points = int(part.n_points[0])
    within = np.flatnonzero(part.fp.running(n_points) <= limit)
    end = int(within[-1]) + 1 if within.size else 0
    tp, fp = _merge(part.tp, end), _merge(part.fp, end)
    ct = None if part.ct is None else _merge(part.ct, end)
    kinds: Sequence[Changes] = [tp, fp] if ct is None else [tp, fp, ct]
    points = np.unique(np.concatenate([kind.point for kind in kinds]))

    def renumbered(kind: Changes) -> Changes:
        place = np.searchsorted(points, kind.point)
        return Changes(kind.clip, kind.label, place, kind.change, kind.other)

    return Statistics(
        tp=renumbered(tp),
        fp=renumbered(fp),
        ct=None if ct is None else renumbered(ct),
        n_points=np.array([len(points)]),
    )


def _merge(changes: Changes, end: int) -> Changes:
    """Changes before the point `end`, one per point, clip and other class; none of 0."""
    kept = changes[changes.point < end]
    other = np.zeros_like(kept.clip) if kept.other is None else kept.other
    sizes = (end, int(kept.clip.max(initial=0)) + 1, int(other.max(initial=0)) + 1)
    key = (kept.point * sizes[1] + kept.clip) * sizes[2] + other
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    change = np.bincount(group, kept.change, len(first))
    rows = kept[first]
    merged = Changes(rows.clip, rows.label, rows.point, np.rint(change).astype(int), rows.other)
    return merged[merged.change != 0]
