"""Detections counted clip by clip, so that any weighting of the clips can be scored."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sed_core.scoring.f1 import F1Counts, tally
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.intersection import Deltas, IntersectionStatistics
from sed_core.scoring.psd_curves import References
from sed_core.scoring.scenarios import Scenario

_MARGIN = 4.0  # points with more than this times max_efpr are out of reach of any resample


@dataclass(frozen=True)
class ClipStatistics:
    """Counts of one system, clip by clip.

    Attributes:
        psds: per metric name the scenario and the counts of each class.
        f1: per metric name the counts and the rule of 2022 for undefined classes.
        convention: of the F1 metrics.
        classes: names.
        durations: (N,) seconds.
        count, length: (N, C) events and their seconds.
    """

    psds: dict[str, tuple[Scenario, list[IntersectionStatistics]]]
    f1: dict[str, tuple[F1Counts, str]]
    convention: str
    classes: list[str]
    durations: NDArray[np.float64]
    count: NDArray[np.float64]
    length: NDArray[np.float64]

    def totals(self, weight: NDArray) -> References:
        """What rates are relative to when clip n counts `weight[n]` times."""
        seconds = float(weight @ self.durations)
        return References(seconds, weight @ self.count, weight @ self.length)


def clip_statistics(
    psds: dict[str, tuple[Scenario, list[IntersectionStatistics]]],
    f1: dict[str, tuple[F1Counts, str]],
    truth: GroundTruth,
    convention: str,
) -> ClipStatistics:
    """Counts with the totals of a truth beside them."""
    shape = (len(truth.filenames), len(truth.classes))
    events = truth.events
    cell = events.clip.astype(np.int64) * shape[1] + events.label
    seconds = np.bincount(cell, events.offset - events.onset, shape[0] * shape[1])
    return ClipStatistics(
        psds=psds,
        f1=f1,
        convention=convention,
        classes=truth.classes,
        durations=truth.durations,
        count=tally(events, shape).astype(np.float64),
        length=seconds.reshape(shape).astype(np.float64),
    )


def false_positives(scenario: Scenario, truth: GroundTruth, *, any_draw: bool) -> float:
    """How many a point may have to lie within `max_efpr`, on the clips or on any draw of them."""
    allowed: float = scenario.max_efpr * truth.durations.sum() / 3600
    return allowed * _MARGIN if any_draw else allowed + 1


def compact(
    statistics: IntersectionStatistics, scenario: Scenario, truth: GroundTruth
) -> IntersectionStatistics:
    """The same counts of a class at fewer points: those within reach at which anything changes.

    The deltas of one clip at one point are added up; points after the last one with few enough
    false positives for `max_efpr` in any draw are dropped.
    """
    n_points = int(statistics.n_points[0])
    limit = false_positives(scenario, truth, any_draw=True)
    within = np.flatnonzero(statistics.fp.running(n_points) <= limit)
    end = int(within[-1]) + 1 if within.size else 0
    tp, fp = _merge(statistics.tp, end), _merge(statistics.fp, end)
    ct = None if statistics.ct is None else _merge(statistics.ct, end)
    kinds: Sequence[Deltas] = [tp, fp] if ct is None else [tp, fp, ct]
    points = np.unique(np.concatenate([kind.point for kind in kinds]))

    def renumbered(kind: Deltas) -> Deltas:
        place = np.searchsorted(points, kind.point)
        return Deltas(kind.clip, kind.label, place, kind.change, kind.other)

    return IntersectionStatistics(
        tp=renumbered(tp),
        fp=renumbered(fp),
        ct=None if ct is None else renumbered(ct),
        n_points=np.array([len(points)]),
    )


def _merge(changes: Deltas, end: int) -> Deltas:
    """Deltas before the point `end`, one per point, clip and other class; none of 0."""
    kept = changes[changes.point < end]
    other = np.zeros_like(kept.clip) if kept.other is None else kept.other
    sizes = (end, int(kept.clip.max(initial=0)) + 1, int(other.max(initial=0)) + 1)
    key = (kept.point * sizes[1] + kept.clip) * sizes[2] + other
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    change = np.bincount(group, kept.change, len(first))
    rows = kept[first]
    merged = Deltas(rows.clip, rows.label, rows.point, np.rint(change).astype(int), rows.other)
    return merged[merged.change != 0]
