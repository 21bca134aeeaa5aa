"""Intersection criteria: which detections and which events count, at every operating point.

Definitions: C. Bilen et al., "A framework for the robust evaluation of sound event detection",
ICASSP 2020; counting the changes as the threshold falls: J. Ebbers et al., "Threshold independent
evaluation of sound event detection scores", ICASSP 2022.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sed_core.scoring.events import Events, microseconds
from sed_core.scoring.f1 import F1, F1Counts, f1_scores, tally
from sed_core.scoring.frames import spread
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.overlap import Overlaps
from sed_core.scoring.spans import Spans, spans_of_events

UNDEFINED = "no true positive"  # left out of the mean in 2022


@dataclass(frozen=True)
class Deltas:
    """Where a count changes: per clip, so that sums over any choice of clips can be made.

    Attributes:
        clip, label, point, change: (K,) the count of `label` changes by `change` at an operating
            point, because of `clip`.
        other: (K,) for cross-triggers, the class that was really there.
    """

    clip: NDArray[np.integer]
    label: NDArray[np.integer]
    point: NDArray[np.int64]
    change: NDArray[np.integer]
    other: NDArray[np.integer] | None = None

    def __getitem__(self, rows: NDArray) -> "Deltas":
        other = None if self.other is None else self.other[rows]
        return Deltas(self.clip[rows], self.label[rows], self.point[rows], self.change[rows], other)

    def by_label(self, n_classes: int) -> list["Deltas"]:
        """The changes of each class."""
        order = np.argsort(self.label.astype(np.int16), kind="stable")
        ends = np.cumsum(np.bincount(self.label, minlength=n_classes))[:-1]
        return [self[rows] for rows in np.split(order, ends)]

    def running(
        self,
        n_points: int,
        clip_weight: NDArray | None = None,
        other_weight: NDArray | None = None,
    ) -> NDArray[np.float64]:
        """(P,) sum of the changes up to each point, with clips and other classes weighted."""
        change = self.change.astype(np.float64)
        if clip_weight is not None:
            change *= clip_weight[self.clip]
        if other_weight is not None:
            change *= other_weight[self.other]
        # Spans that never die "die" at point n_points, which is no point: drop it.
        return np.cumsum(np.bincount(self.point, change, minlength=n_points + 1)[:n_points])


@dataclass(frozen=True)
class IntersectionStatistics:
    """True positives (found events), false positives and cross-triggers at all points."""

    tp: Deltas
    fp: Deltas
    ct: Deltas | None
    n_points: NDArray[np.int64]

    def by_class(self) -> list["IntersectionStatistics"]:
        """The statistics of each class."""
        n_classes = len(self.n_points)
        columns = zip(
            self.tp.by_label(n_classes),
            self.fp.by_label(n_classes),
            self.ct.by_label(n_classes) if self.ct is not None else [None] * n_classes,
            self.n_points[:, None],
            strict=True,
        )
        return [IntersectionStatistics(*values) for values in columns]

    def only(self, label: int) -> "IntersectionStatistics":
        """The statistics of a class, where the spans were of no other."""
        return IntersectionStatistics(self.tp, self.fp, self.ct, self.n_points[label : label + 1])


def intersection_statistics(
    spans: Spans,
    truth: GroundTruth,
    *,
    dtc: float,
    gtc: float,
    cttc: float | None = None,
    convention: str = "dcase2022",
    overlaps: Overlaps | None = None,
    max_fp: float | None = None,
) -> IntersectionStatistics:
    """Count detections and events by the intersection criteria.

    The two conventions differ in two points. `dcase2022` (psds_eval 0.5.3): a detection wholly
    after the end of its clip is ignored, and a criterion that is met to the microsecond is left
    to floating point. `sed_scores_eval`: such a detection is a false positive, and such a
    criterion is met.

    Args:
        spans: detections; those of one class must not overlap at any one operating point.
        truth: ground truth.
        dtc: detection tolerance: the share of a detection that ground truth of its class must
            cover, else it is a false positive.
        gtc: ground truth intersection: the share of an event that tolerated detections must cover.
        cttc: cross-trigger tolerance: the share of a false positive that another class must cover.
            None: cross-triggers are not counted.
        convention: `dcase2022` or `sed_scores_eval`.
        overlaps: of the spans' edges with the truth, where several sets of spans share them.
        max_fp: of spans of one class, how many false positives a point may have to be of interest;
            at others only these are counted. None: all points are.
    """
    if overlaps is None:
        overlaps = Overlaps(truth, spans.edge_clip, spans.edge_time)
    matcher = _Matcher(spans, overlaps, in_floats=convention == "dcase2022")
    every = np.arange(len(spans.label))
    own = np.zeros(len(every), np.int64)
    for label in np.flatnonzero(np.bincount(spans.label, minlength=1)):
        rows = np.flatnonzero(spans.label == label)
        own[rows] = overlaps.between(label, spans.begin[rows], spans.end[rows])
    tolerated = matcher.meets(every, spans.label, own, dtc)
    wrong = counted = np.flatnonzero(~tolerated)
    if convention == "dcase2022":
        inside = matcher.onset[wrong] < microseconds(truth.durations)[spans.clip[wrong]]
        counted = wrong[inside]
    fp = _appearing(spans, counted)
    if max_fp is not None:  # most spans of a real system exist only where nobody looks
        of_interest = _exist_at(spans, fp.running(int(spans.n_points.max())) <= max_fp)
        tolerated &= of_interest
        wrong = wrong[of_interest[wrong]]
    return IntersectionStatistics(
        tp=matcher.found(np.flatnonzero(tolerated), gtc),
        fp=fp,
        ct=None if cttc is None else matcher.crossing(wrong, cttc, len(truth.classes)),
        n_points=spans.n_points,
    )


class _Matcher:
    """The overlaps of one set of spans with one ground truth."""

    def __init__(self, spans: Spans, overlaps: Overlaps, *, in_floats: bool):
        self.spans, self.overlaps, self.in_floats = spans, overlaps, in_floats
        self.index = overlaps.index
        self.onset, self.offset = overlaps.time[spans.begin], overlaps.time[spans.end]

    def meets(
        self, rows: NDArray, label: NDArray, overlap: NDArray, share: float
    ) -> NDArray[np.bool_]:
        """Whether the overlap of spans with ground truth of a class is at least a share of them."""
        needed = share * (self.offset[rows] - self.onset[rows])
        met = _reaches(overlap, needed)
        if self.in_floats:
            ties = np.flatnonzero(_ties(overlap, needed))
            span, _, seconds = self._touched(rows[ties], label[ties])
            length = self._seconds(rows[ties])
            shares = np.bincount(span, seconds / length[span], minlength=len(ties))
            met[ties] = shares >= share
        return met

    def crossing(self, wrong: NDArray, cttc: float, n_classes: int) -> Deltas:
        """Cross-triggers of the spans `wrong` with each other class of their clips."""
        rows: list[NDArray] = [np.zeros(0, np.int64)]
        others: list[NDArray] = [np.zeros(0, np.int16)]
        spans = self.spans
        for other in range(n_classes):
            near = wrong[self.overlaps.touches(spans.begin[wrong], other)]
            near = near[spans.label[near] != other]
            overlap = self.overlaps.between(other, spans.begin[near], spans.end[near])
            near, overlap = near[overlap > 0], overlap[overlap > 0]
            label = np.full(len(near), other, np.int16)
            met = near[self.meets(near, label, overlap, cttc)]
            rows.append(met)
            others.append(label[: len(met)])
        return _appearing(spans, np.concatenate(rows), np.concatenate(others))

    def found(self, rows: NDArray, gtc: float) -> Deltas:
        """Follow the cover of each event from point to point; note where it crosses `gtc`."""
        index, spans = self.index, self.spans
        span, event, seconds = self._touched(rows, spans.label[rows])
        overlap = np.minimum(self.offset[rows[span]], index.offset[event]) - np.maximum(
            self.onset[rows[span]], index.onset[event]
        )
        born, died = spans.born[rows[span]], spans.died[rows[span]]
        width = int(spans.n_points.max(initial=0)) + 1
        key = np.concatenate([event * width + born, event * width + died])
        order = np.argsort(key, kind="stable")
        cover = np.cumsum(np.concatenate([overlap, -overlap])[order])
        # Every span dies, if only after the last point, so the cover of each event ends at zero
        # and one running sum serves all events.
        last = np.flatnonzero(np.diff(key[order], append=-1))
        at_event, at_point = np.divmod(key[order][last], width)
        needed = gtc * (index.offset - index.onset)[at_event]
        enough = _reaches(cover[last], needed)
        if self.in_floats:
            ties = np.flatnonzero(_ties(cover[last], needed))
            shares = seconds / (index.events.offset - index.events.onset)[event]
            enough[ties] = (
                _sums_at(at_event[ties], at_point[ties], event, born, died, shares) >= gtc
            )
        change = np.diff(enough.astype(np.int64), prepend=0)
        kept = np.flatnonzero(change)
        at_event = at_event[kept]
        return Deltas(
            clip=index.events.clip[at_event],
            label=index.events.label[at_event],
            point=at_point[kept],
            change=change[kept],
        )

    def _touched(
        self, rows: NDArray, label: NDArray
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Pairs (position in `rows`, event of class `label`) and their overlap in seconds."""
        spans, events = self.spans, self.index.events
        begin, end = spans.begin[rows], spans.end[rows]
        span, event = self.index.touched(
            spans.edge_clip[begin], label, self.onset[rows], self.offset[rows]
        )
        start = np.maximum(spans.edge_time[begin[span]], events.onset[event])
        stop = np.minimum(spans.edge_time[end[span]], events.offset[event])
        return span, event, stop - start

    def _seconds(self, rows: NDArray) -> NDArray[np.float64]:
        """Lengths of spans as psds_eval computes them."""
        return (
            self.spans.edge_time[self.spans.end[rows]]
            - self.spans.edge_time[self.spans.begin[rows]]
        )


def _reaches(overlap: NDArray, needed: NDArray) -> NDArray[np.bool_]:
    """Whether whole microseconds reach what is needed; no overlap never does."""
    return overlap >= np.maximum(np.rint(needed), 1)


def _ties(overlap: NDArray, needed: NDArray) -> NDArray[np.bool_]:
    """Where rounding of times in seconds may decide."""
    return (np.abs(overlap - needed) <= 1) & (overlap > 0)


def _sums_at(
    at_event: NDArray,
    at_point: NDArray,
    event: NDArray,
    born: NDArray,
    died: NDArray,
    shares: NDArray,
) -> NDArray[np.float64]:
    """Sum of `shares` of an event over the spans present at a point, for each (event, point)."""
    order = np.argsort(event, kind="stable")
    first = np.searchsorted(event[order], at_event, side="left")
    count = np.searchsorted(event[order], at_event, side="right") - first
    query = np.repeat(np.arange(len(at_event)), count)
    pair = order[spread(first, count)]
    present = (born[pair] <= at_point[query]) & (at_point[query] < died[pair])
    return np.bincount(query[present], shares[pair[present]], len(at_event)).astype(np.float64)


def _exist_at(spans: Spans, points: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(M,) whether a span exists at any of the points marked in a (P,) mask."""
    before = np.concatenate([[0], np.cumsum(points)])
    return before[np.minimum(spans.died, len(points))] > before[spans.born]


def _appearing(spans: Spans, rows: NDArray, other: NDArray | None = None) -> Deltas:
    """+1 where a span is born, -1 where it dies."""
    return Deltas(
        clip=np.tile(spans.edge_clip[spans.begin[rows]], 2),
        label=np.tile(spans.label[rows], 2),
        point=np.concatenate([spans.born[rows], spans.died[rows]]),
        change=np.repeat(np.array([1, -1], np.int8), len(rows)),
        other=None if other is None else np.tile(other, 2),
    )


def intersection_counts(
    detections: Events, truth: GroundTruth, *, dtc: float, gtc: float, convention: str = "dcase2022"
) -> F1Counts:
    """Found events, false positives and events per clip and class of one table of detections."""
    statistics = intersection_statistics(
        spans_of_events([detections], len(truth.classes)),
        truth,
        dtc=dtc,
        gtc=gtc,
        convention=convention,
    )
    shape = (len(truth.filenames), len(truth.classes))
    return F1Counts(
        tp=_per_clip(statistics.tp, shape),
        fp=_per_clip(statistics.fp, shape),
        ref=tally(truth.events, shape),
        sys=tally(detections, shape),
    )


def intersection_f1(
    detections: Events,
    truth: GroundTruth,
    *,
    dtc: float = 0.5,
    gtc: float = 0.5,
    convention: str = "dcase2022",
) -> F1:
    """Intersection-based F1 of one table of detections.

    Convention `dcase2022` (psds_eval 0.5.3): a class without a true positive drops out of the
    mean, detections wholly after the clip end are ignored. `sed_scores_eval`: such a class counts
    as 0 and such detections are false positives.
    """
    counts = intersection_counts(detections, truth, dtc=dtc, gtc=gtc, convention=convention)
    return f1_scores(counts, truth.classes, convention=convention, undefined=UNDEFINED)


def _per_clip(changes: Deltas, shape: tuple[int, int]) -> NDArray[np.int64]:
    """(N, C) value at the one operating point of a table."""
    born = changes.point == 0
    cell = changes.clip[born].astype(np.int64) * shape[1] + changes.label[born]
    total = np.bincount(cell, changes.change[born], minlength=shape[0] * shape[1])
    return np.rint(total).astype(np.int64).reshape(shape)
