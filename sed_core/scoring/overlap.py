"""How much of the ground truth lies between two times, for many pairs of times at once.

All lengths are whole microseconds, so sums are exact and a criterion that is met exactly is met.
"""

import numpy as np
from numpy.typing import NDArray

from sed_core.scoring.events import Events, microseconds, row_keys
from sed_core.scoring.frames import spread
from sed_core.scoring.ground_truth import GroundTruth


class GroundTruthIndex:
    """Ground truth events on one line, sorted by clip, class and time.

    Attributes:
        events: `truth.events`.
        onset, offset: (M,) int64 of the events, microseconds.
    """

    def __init__(self, truth: GroundTruth):
        self.events: Events = truth.events
        self.n_classes = len(truth.classes)
        self.onset = microseconds(self.events.onset)
        self.offset = microseconds(self.events.offset)
        # Later times than this lie behind every event, so they may all be taken for it.
        self._last = int(self.offset.max(initial=0)) + 1
        row = self._row(self.events.clip, self.events.label)
        self._onset_key = row + self.onset
        self._offset_key = row + self.offset
        self._before = np.concatenate([[0], np.cumsum(self.offset - self.onset)])

    def _row(self, clip: NDArray, label: NDArray | int) -> NDArray[np.int64]:
        return row_keys(clip.astype(np.int64) * self.n_classes + label, self._last + 1)

    def covered(self, clip: NDArray, label: int, time: NDArray) -> NDArray[np.int64]:
        """(E,) length of ground truth of a class before E times, up to a constant per clip.

        The difference of two values of one clip is the ground truth between the two times.
        """
        key = self._row(clip, label) + np.minimum(time, self._last)
        if not len(self.events):
            return np.zeros_like(key)
        started = np.searchsorted(self._onset_key, key, side="right")
        # The event that started last may still go on: take back what lies ahead.
        ahead = self._offset_key[np.maximum(started - 1, 0)] - key
        return self._before[started] - np.where(started > 0, np.maximum(ahead, 0), 0)

    def touched(
        self, clip: NDArray, label: NDArray, onset: NDArray, offset: NDArray
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs (number of the span, number of the event) of one clip and class that overlap."""
        row = self._row(clip, label)
        from_, to = (row + np.minimum(time, self._last) for time in (onset, offset))
        first = np.searchsorted(self._offset_key, from_, side="right")
        count = np.maximum(np.searchsorted(self._onset_key, to, side="left") - first, 0)
        return np.repeat(np.arange(len(clip)), count), spread(first, count)


class Overlaps:
    """The ground truth between edges that many sets of spans share.

    Attributes:
        index: the ground truth.
        time: (E,) int64, microseconds of the edges.
    """

    def __init__(self, truth: GroundTruth, edge_clip: NDArray, edge_time: NDArray):
        """Edges of one clip follow each other; those of clip -1 take no part."""
        self.index = GroundTruthIndex(truth)
        self.time = microseconds(edge_time)
        self._clip = edge_clip
        begins = np.flatnonzero(np.append(True, edge_clip[1:] != edge_clip[:-1])[: len(edge_clip)])
        begins = begins[edge_clip[begins] >= 0]
        ends = np.append(np.flatnonzero(edge_clip[1:] != edge_clip[:-1]) + 1, len(edge_clip))
        n_clips = len(truth.filenames)
        self._first, self._count = np.zeros(n_clips, np.int64), np.zeros(n_clips, np.int64)
        self._first[edge_clip[begins]] = begins
        stops = ends[np.searchsorted(ends, begins, side="right")]
        self._count[edge_clip[begins]] = stops - begins
        self._present = np.zeros((n_clips, len(truth.classes)), bool)
        self._present[truth.events.clip, truth.events.label] = True
        self._tables: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}

    def touches(self, edge: NDArray, label: int) -> NDArray[np.bool_]:
        """Whether the clip of each edge has any event of a class."""
        return self._present[self._clip[edge], label]

    def between(self, label: int, begin: NDArray, end: NDArray) -> NDArray[np.int64]:
        """(M,) microseconds of a class between pairs of edges, each of one clip."""
        rows = np.flatnonzero(self.touches(begin, label))
        shift, covered = self._table(label)
        back = shift[self._clip[begin[rows]]]
        length = np.zeros(len(begin), np.int64)
        length[rows] = covered[end[rows] - back] - covered[begin[rows] - back]
        return length

    def _table(self, label: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What is covered before each edge of the clips that have the class, end to end.

        Most clips have few classes, so this is a fraction of a table of all edges and classes.
        The other part is what takes an edge to its place, per clip.
        """
        if label not in self._tables:
            count = np.where(self._present[:, label], self._count, 0)
            edges = spread(self._first, count)
            shift = self._first - (np.cumsum(count) - count)
            covered = self.index.covered(self._clip[edges], label, self.time[edges])
            self._tables[label] = shift, covered
        return self._tables[label]
