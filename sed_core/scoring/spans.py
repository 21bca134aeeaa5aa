"""Detections at many operating points at once.

As a threshold falls through the scores of one clip and class, runs of active frames appear, grow
and merge. Each of these runs is a node of the max-tree of the score signal, so there are at most as
many as frames, however many thresholds there are. A `Spans` lists them with the operating
points during which each exists; counting then costs the same for 50 thresholds as for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sed_core.scoring.decode import frame_times
from sed_core.scoring.events import TIME_BITS, Events, microseconds


@dataclass(frozen=True)
class Spans:
    """M detections, each present at the operating points `born` <= point < `died`.

    Points are numbered per class by falling threshold. Times are shared: a span starts and ends
    at one of E edges.

    Attributes:
        edge_clip: (E,) int32, clip of each edge.
        edge_time: (E,) float64, seconds.
        label: (M,) int16.
        begin: (M,) int64, index of the edge at which the span starts.
        end: (M,) int64, index of the edge at which it ends.
        born: (M,) int64, first operating point that has the span.
        died: (M,) int64, first operating point after `born` that no longer has it.
        n_points: (C,) int64, operating points of each class.
    """

    edge_clip: NDArray[np.int32]
    edge_time: NDArray[np.float64]
    label: NDArray[np.int16]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    born: NDArray[np.int64]
    died: NDArray[np.int64]
    n_points: NDArray[np.int64]

    @property
    def clip(self) -> NDArray[np.int32]:
        """(M,) clip of each span."""
        return self.edge_clip[self.begin]


def spans_of_events(tables: Sequence[Events], n_classes: int) -> Spans:
    """Spans of event tables, one table per operating point."""
    clip, label, onset, offset = (
        np.concatenate([getattr(table, name) for table in tables])
        for name in ("clip", "label", "onset", "offset")
    )
    point = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    times = np.concatenate([onset, offset])
    key = np.tile(clip.astype(np.int64) << TIME_BITS, 2) + microseconds(times)
    _, first, index = np.unique(key, return_index=True, return_inverse=True)
    index = index.reshape(2, -1)
    return Spans(
        edge_clip=np.tile(clip, 2)[first],
        edge_time=times[first],
        label=label,
        begin=index[0],
        end=index[1],
        born=point,
        died=point + 1,
        n_points=np.full(n_classes, len(tables)),
    )


@dataclass(frozen=True)
class ScoreTree:
    """Every run of active frames that any threshold gives, with the scores it lives between.

    A run is present at thresholds t with `low` <= t < `high`.

    Attributes:
        edge_clip, edge_time, label, begin, end: as in `Spans`.
        high: (M,) lowest score inside the run.
        low: (M,) highest score beside the run, -inf where the run is the whole clip.
        n_classes: number of classes.
    """

    edge_clip: NDArray[np.int32]
    edge_time: NDArray[np.float64]
    label: NDArray[np.int16]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    high: NDArray[np.floating]
    low: NDArray[np.floating]
    n_classes: int

    def at_thresholds(self, thresholds: NDArray) -> Spans:
        """Spans at given ascending thresholds; a score is active strictly above a threshold.

        Thresholds are rounded to the precision of the scores, as the reference does. Point p is
        the threshold number n - 1 - p.
        """
        levels = np.asarray(thresholds).astype(self.high.dtype)
        n_points = np.full(self.n_classes, len(levels))
        born = len(levels) - np.searchsorted(levels, self.high, side="left")
        died = len(levels) - np.searchsorted(levels, self.low, side="left")
        return self._spans(born, died, n_points)

    def at_every_score(self) -> Spans:
        """Spans at each score that occurs in a class, as the threshold falls just below it."""
        born, died = np.empty_like(self.begin), np.empty_like(self.begin)
        n_points = np.zeros(self.n_classes, np.int64)
        for label in range(self.n_classes):
            rows = np.flatnonzero(self.label == label)
            levels, rank = np.unique(self.high[rows], return_inverse=True)
            n_points[label] = len(levels)
            born[rows] = len(levels) - 1 - rank
            died[rows] = len(levels) - np.searchsorted(levels, self.low[rows], side="right")
        return self._spans(born, died, n_points)

    def _spans(self, born: NDArray, died: NDArray, n_points: NDArray) -> Spans:
        alive = np.flatnonzero(born < died)
        return Spans(
            edge_clip=self.edge_clip,
            edge_time=self.edge_time,
            label=self.label[alive],
            begin=self.begin[alive],
            end=self.end[alive],
            born=born[alive],
            died=died[alive],
            n_points=n_points,
        )


def score_tree(
    scores: NDArray[np.floating],
    *,
    frame_seconds: float,
    clips: NDArray | None = None,
    n_frames: NDArray | None = None,
) -> ScoreTree:
    """Find all runs of active frames of all clips and classes.

    Args:
        scores: (N, T, C) finite scores, already filtered.
        frame_seconds: length of a frame.
        clips: (N,) clip number of each row in the ground truth. None: 0, 1, 2, ...
        n_frames: (N,) valid frames per clip; the rest is never active. None: all T.

    Returns:
        At most N x T x C runs; about 100 bytes per score are needed while they are found.
    """
    n_clips, length, n_classes = scores.shape
    # One line of (clip, class) rows; each frame row has a wall at both of its ends.
    line = np.full((n_clips, n_classes, length + 2), -np.inf, scores.dtype)
    line[..., 1:-1] = scores.transpose(0, 2, 1)
    if n_frames is not None:
        ends = np.asarray(n_frames)[:, None, None]
        line[np.broadcast_to(np.arange(length + 2) > ends, line.shape)] = -np.inf
    flat = line.reshape(-1)
    # Plateaus count once: keep the first of equal neighbours (walls between rows merge, too).
    position = np.flatnonzero(np.append(True, flat[1:] != flat[:-1]))
    flat = flat[position]
    frames = np.flatnonzero(flat > -np.inf)
    # Left: nearest score not above this one. If it is equal, that one stands for the same run.
    left = _nearest(flat, frames, step=-1, passes=np.greater)
    right = _nearest(flat, frames, step=1, passes=np.greater_equal)
    nodes = frames[flat[left[frames]] < flat[frames]]
    row = position[nodes] // (length + 2)
    first_edge = (row // n_classes) * (length + 1) - row * (length + 2)
    numbers = np.arange(n_clips) if clips is None else clips
    return ScoreTree(
        edge_clip=np.repeat(numbers, length + 1).astype(np.int32),
        edge_time=np.tile(frame_times(np.arange(length + 1), frame_seconds), n_clips),
        label=(row % n_classes).astype(np.int16),
        begin=first_edge + position[left[nodes] + 1] - 1,
        end=first_edge + position[right[nodes]] - 1,
        high=flat[nodes],
        low=np.maximum(flat[left[nodes]], flat[right[nodes]]),
        n_classes=n_classes,
    )


def _nearest(line: NDArray, frames: NDArray, *, step: int, passes: np.ufunc) -> NDArray[np.int64]:
    """For each of `frames` the nearest position in a direction whose score does not pass.

    Pointer jumping: whatever lies between a frame and its pointer passes, so a pointer whose
    score passes may jump to where that one points.
    """
    pointer = np.arange(len(line)) + step
    todo = frames
    while todo.size:
        todo = todo[passes(line[pointer[todo]], line[todo])]
        pointer[todo] = pointer[pointer[todo]]
    return pointer
