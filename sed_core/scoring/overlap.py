"""How much of the ground truth lies between two times, for many pairs of times at once.

All lengths are whole microseconds, so sums are exact and a criterion that is met exactly is met.
"""

import numpy as np
from numpy.typing import NDArray

from sed_core.scoring.events import TIME_BITS, Events, microseconds
from sed_core.scoring.truth import Truth


class TruthIndex:
    """Ground truth events on one line, sorted by clip, class and time.

    Attributes:
        events: `truth.events`.
        onset, offset: (M,) int64 of the events, microseconds.
    """

    def __init__(self, truth: Truth):
        self.events: Events = truth.events
        self.n_classes = len(truth.classes)
        self.onset = microseconds(self.events.onset)
        self.offset = microseconds(self.events.offset)
        row = self._row(self.events.clip, self.events.label)
        self._onset_key = row + self.onset
        self._offset_key = row + self.offset
        self._before = np.concatenate([[0], np.cumsum(self.offset - self.onset)])

    def _row(self, clip: NDArray, label: NDArray | int) -> NDArray[np.int64]:
        return (clip.astype(np.int64) * self.n_classes + label) << TIME_BITS

    def covered(self, clip: NDArray, time: NDArray) -> NDArray[np.int64]:
        """(E, C) length of ground truth of each class before E times, up to a constant per row.

        The difference of two rows of one clip is the ground truth between the two times.
        """
        table = np.empty((len(clip), self.n_classes), np.int64)
        for label in range(self.n_classes):
            key = self._row(clip, label) + time
            started = np.searchsorted(self._onset_key, key, side="right")
            table[:, label] = self._before[started]
            # The event that started last may still go on: take back what lies ahead.
            last = np.maximum(started - 1, 0)
            ahead = self._offset_key[last] - key if len(self.events) else np.zeros_like(key)
            table[:, label] -= np.where(started > 0, np.maximum(ahead, 0), 0)
        return table

    def touched(
        self, clip: NDArray, label: NDArray, onset: NDArray, offset: NDArray
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs (number of the span, number of the event) of one clip and class that overlap."""
        row = self._row(clip, label)
        first = np.searchsorted(self._offset_key, row + onset, side="right")
        count = np.maximum(np.searchsorted(self._onset_key, row + offset, side="left") - first, 0)
        span = np.repeat(np.arange(len(clip)), count)
        start = np.repeat(first - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
        return span, start + np.arange(len(span))
