"""Detections at many operating points at once.

As a threshold falls through the scores of one clip and class, runs of active frames appear, grow
and merge. Each of these runs is a node of the max-tree of the score signal, so there are at most as
many as frames, however many thresholds there are. A `Spans` lists them with the operating
points during which each exists; counting then costs the same for 50 thresholds as for all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sed_core.scoring.events import Events, microseconds, row_keys
from sed_core.scoring.frames import from_padded


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
    ticks = microseconds(times)
    key = np.tile(row_keys(clip, int(ticks.max(initial=0)) + 1), 2) + ticks
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

        Both are compared in float64: rounded to float32, 0.24999999999999997 (the thirteenth of
        50 thresholds) would become 0.25 and lose the scores that are 0.25. Point p is the
        threshold number n - 1 - p.
        """
        levels = np.asarray(thresholds, np.float64)
        n_points = np.full(self.n_classes, len(levels))
        born = len(levels) - np.searchsorted(levels, self.high, side="left")
        died = len(levels) - np.searchsorted(levels, self.low, side="left")
        return self._spans(born, died, n_points)

    def at_every_score(self) -> Spans:
        """Spans at each score that occurs in a class, as the threshold falls just below it."""
        born, died = np.empty_like(self.begin), np.empty_like(self.begin)
        n_points = np.zeros(self.n_classes, np.int64)
        for label in np.flatnonzero(np.bincount(self.label, minlength=1)):
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


_BLOCK = 1 << 20  # slots whose runs are found at once


def line_tree(
    line: NDArray[np.floating],
    *,
    label: int,
    n_classes: int,
    edge_clip: NDArray[np.int32],
    edge_time: NDArray[np.float64],
) -> ScoreTree:
    """Find all runs of active frames of one class; the slots of `FrameScores` are the edges.

    Args:
        line: (S,) scores, already filtered; the last slot of each clip is -inf.
        label: number of the class.
        n_classes: of all classes.
        edge_clip: (S,) clip number of each slot.
        edge_time: (S,) seconds.

    Returns:
        At most S runs; what is needed to find them is that of a million slots, or of the longest
        clip.
    """
    blocks = [_runs(line[block], block.start) for block in _cut(line)]
    begin, end, high, low = (np.concatenate(values) for values in zip(*blocks, strict=True))
    return ScoreTree(
        edge_clip=edge_clip,
        edge_time=edge_time,
        label=np.full(len(begin), label, np.int16),
        begin=begin,
        end=end,
        high=high,
        low=low,
        n_classes=n_classes,
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
    """
    n_clips, _, n_classes = scores.shape
    frames = from_padded(
        scores,
        filenames=[""] * n_clips,
        classes=[""] * n_classes,
        frame_seconds=frame_seconds,
        n_frames=n_frames,
    )
    edges: dict[str, Any] = {
        "edge_clip": frames.slot_clips(np.arange(n_clips) if clips is None else clips),
        "edge_time": frames.time,
    }
    trees = [
        line_tree(line, label=label, n_classes=n_classes, **edges)
        for label, line in enumerate(frames.lines)
    ]
    names = ("label", "begin", "end", "high", "low")
    joined = {name: np.concatenate([getattr(tree, name) for tree in trees]) for name in names}
    return ScoreTree(**edges, **joined, n_classes=n_classes)


def _cut(line: NDArray[np.floating]) -> Iterator[slice]:
    """Blocks of whole clips."""
    start = 0
    while start < len(line):
        ahead = line[start + _BLOCK :]
        wall = int(np.argmax(np.isneginf(ahead))) if len(ahead) else len(line)
        stop = min(start + _BLOCK + wall + 1, len(line))
        yield slice(start, stop)
        start = stop
    if not len(line):
        yield slice(0, 0)


def _runs(line: NDArray[np.floating], offset: int) -> tuple[NDArray, ...]:
    """begin, end, high and low of the runs of a part of a line that ends with a wall."""
    flat = np.concatenate([np.array([-np.inf], line.dtype), line])
    # Plateaus count once: keep the first of equal neighbours (walls between clips merge, too).
    position = np.flatnonzero(np.append(True, flat[1:] != flat[:-1]))
    flat = flat[position]
    frames = np.flatnonzero(flat > -np.inf)
    # Left: nearest score not above this one. If it is equal, that one stands for the same run.
    left = _nearest(flat, frames, step=-1, passes=np.greater)
    right = _nearest(flat, frames, step=1, passes=np.greater_equal)
    nodes = frames[flat[left[frames]] < flat[frames]]
    return (
        position[left[nodes] + 1] - 1 + offset,
        position[right[nodes]] - 1 + offset,
        flat[nodes],
        np.maximum(flat[left[nodes]], flat[right[nodes]]),
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
