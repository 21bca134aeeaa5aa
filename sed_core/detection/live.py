"""Events of a stream while it goes on."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from sed_core.data.audio_stream import Samples
from sed_core.data.label_formats.labelled_events import Label
from sed_core.detection.listener import FrameScores, SystemListener
from sed_core.detection.pipeline import Pipeline

HOP, TAIL = 1.0, 1.0


@dataclass(frozen=True)
class LiveEvent:
    """Something to tell.

    Attributes:
        state: `begin`, once an event is certain to be one, or `end`, once it is over.
        label: the event so far, or as a whole; seconds from the start of the stream.
        heard: seconds of the stream that had been heard when this was known.
    """

    state: str
    label: Label
    heard: float


class LiveSystemListener(SystemListener):
    """A system that hears its last window every hop, and takes the frames before the window's tail.

    Every frame is scored once, by the first window that ends at least `tail` after it. Until a
    window is full, zeros follow what has been heard, as in short clips. A system that looks ahead
    for a moment only (`look_ahead`) scores a recording no longer than its window as offline.

    Args:
        base: the system.
        hop: seconds from a window to the next.
        tail: seconds that a frame is followed by at least, except at the end; None: what the
            system looks ahead, or `TAIL` where that is the whole window.
    """

    def __init__(
        self, base: SystemListener, *, hop: float = HOP, tail: float | None = None
    ) -> None:
        self.__dict__.update(base.__dict__)
        if tail is None:
            tail = TAIL if self.look_ahead is None else self.look_ahead
        frame = self.windows.grid.frame_samples
        self.hop = max(1, round(hop * self.sample_rate / frame)) * frame
        self.tail = math.ceil(tail * self.sample_rate)
        self.latency = (self.hop + self.tail) / self.sample_rate

    def hear(self, blocks: Iterable[Samples]) -> Iterator[FrameScores]:
        """Scores as soon as they are there."""
        grid, size = self.windows.grid, self.windows.grid.n_samples
        frame = grid.frame_samples
        held = np.zeros(0, np.float32)
        begin = heard = done = 0  # samples before what is held; heard by a window; frames given

        def scored(end: int, until: int) -> FrameScores:
            """Frames `done` to `until` by the window that ends with sample `end`."""
            start = max(0, -(-(end - size) // frame) * frame)
            window, piece = np.zeros((1, size), np.float32), held[start - begin : end - begin]
            window[0, : len(piece)] = piece[:size]
            strong = self.score(window)[0][0]
            first = start // frame
            return strong[done - first : until - first]

        for block in blocks:
            held = np.concatenate([held, block])
            while begin + len(held) >= heard + self.hop:
                heard += self.hop
                until = min((heard - self.tail) // frame, heard // frame)
                if until > done:
                    yield scored(heard, until)
                    done = until
                kept = max(0, heard - size - begin)
                held, begin = held[kept:], begin + kept
        end = begin + len(held)
        until = min(max(1, end // frame), max(0, -(-(end - size) // frame)) + grid.n_frames)
        if end and until > done:
            yield scored(end, until)


def live_events(
    pipeline: Pipeline, blocks: Iterable[Samples], *, cool_down: float = 0.0
) -> Iterator[LiveEvent]:
    """Begins and ends of events, each as soon as it is known.

    Args:
        pipeline: whose `min_length` an event has to reach before its begin is told.
        blocks: of the stream.
        cool_down: seconds after the end of an event in which no other of its class is told.
    """
    heard = 0.0

    def counted() -> Iterator[Samples]:
        nonlocal heard
        for block in blocks:
            heard += len(block) / pipeline.listener.sample_rate
            yield block

    tracker = pipeline.tracker()
    told: dict[str, float] = {}  # class -> onset of the event whose begin was told
    ended: dict[str, float] = {}

    def begun(label: Label) -> Iterator[LiveEvent]:
        if told.get(label.name) == label.onset:
            return
        if label.onset < ended.get(label.name, -cool_down) + cool_down:
            return
        told[label.name] = label.onset
        yield LiveEvent("begin", label, heard)

    def over(labels: Iterable[Label]) -> Iterator[LiveEvent]:
        for label in labels:
            yield from begun(label)
            if told.get(label.name) == label.onset:
                ended[label.name] = label.offset
                yield LiveEvent("end", label, heard)

    for scores in pipeline.scores(counted()):
        yield from over(tracker.add(scores))
        for key, span in tracker.running.items():
            if tracker.long_enough(span):
                yield from begun(tracker.label(key, span))
    yield from over(tracker.finish())
