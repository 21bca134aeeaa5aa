"""From frame scores that come piece by piece to events, each given once it is over."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sed_core.data.label_formats.labelled_events import Label, in_time
from sed_core.detection.listener import FrameScores
from sed_core.scoring.decode import decode_many, frame_times


@dataclass
class Span:
    """An event that may go on: frames `first` <= t < `last`, and its scores so far."""

    first: int
    last: int
    total: float
    count: int
    peak: float


@dataclass
class EventTracker:
    """Runs of frames above thresholds.

    Without merging and a shortest length, the events are those of `scoring.decode` on the whole
    recording; mean and peak are those of the frames above the threshold.

    Attributes:
        classes: C names.
        thresholds: (C,) what a score must exceed.
        frame_seconds: length of a frame.
        merge_gap: seconds; events of a class that are no further apart become one.
        min_length: seconds; shorter events, after merging, are dropped.
    """

    classes: Sequence[str]
    thresholds: NDArray[np.float64]
    frame_seconds: float
    merge_gap: float = 0.0
    min_length: float = 0.0
    frame: int = 0
    running: dict[int, Span] = field(default_factory=dict)

    def add(self, scores: FrameScores) -> list[Label]:
        """Take the next (n, C) scores; the events that are over with them."""
        # Differences to the thresholds, in float64 as `decode` compares.
        above = (scores.astype(np.float64) - self.thresholds).astype(np.float32)[None]
        (found,) = decode_many(above, [0.0], frame_seconds=1.0)
        order = np.argsort(found.onset, kind="stable")
        done: list[Label] = []
        for row in order:
            begin, end, label = int(found.onset[row]), int(found.offset[row]), int(found.label[row])
            inside = scores[begin:end, label].astype(np.float64)
            new = Span(
                self.frame + begin,
                self.frame + end,
                float(inside.sum()),
                len(inside),
                float(inside.max()),
            )
            old = self.running.get(label)
            if old is not None and self._near(old, new.first):
                old.last, old.total = new.last, old.total + new.total
                old.count, old.peak = old.count + new.count, max(old.peak, new.peak)
                continue
            if old is not None:
                done += self._closed(label)
            self.running[label] = new
        self.frame += len(scores)
        for label in [
            key for key, span in self.running.items() if not self._near(span, self.frame)
        ]:
            done += self._closed(label)
        return in_time(done)

    def finish(self) -> list[Label]:
        """The events that last until the end."""
        return in_time(label for key in list(self.running) for label in self._closed(key))

    def _near(self, span: Span, frame: int) -> bool:
        return (frame - span.last) * self.frame_seconds <= self.merge_gap + 1e-9

    def label(self, key: int, span: Span) -> Label:
        """An event as it is so far."""
        onset, offset = frame_times(np.array([span.first, span.last]), self.frame_seconds)
        mean = round(span.total / span.count, 6)
        return Label(float(onset), float(offset), self.classes[key], mean, round(span.peak, 6))

    def long_enough(self, span: Span) -> bool:
        """Whether it is an event and not too short for one."""
        return (span.last - span.first) * self.frame_seconds >= self.min_length - 1e-9

    def _closed(self, key: int) -> list[Label]:
        span = self.running.pop(key)
        return [self.label(key, span)] if self.long_enough(span) else []
