"""Sound in, events out: the filter, gate and thresholds behind a listener."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sed_core.data.audio_stream import Samples
from sed_core.data.label_formats.labelled_events import Label, in_time
from sed_core.detection.event_tracker import EventTracker
from sed_core.detection.listener import FrameScores, Listener
from sed_core.detection.median_stream import filtered
from sed_core.detection.quiet_gate import QuietGate
from sed_core.detection.thresholds import thresholds
from sed_core.runtime.errors import SedError, unknown_name
from sed_core.scoring.score_file import Posteriors, Scores
from sed_core.scoring.tune import processed_scores


@dataclass(frozen=True)
class Decisions:
    """How scores become events.

    Attributes:
        threshold: see `thresholds.thresholds`.
        classes: those wanted; None: all.
        median_window: frames, one or one a class of the model; None: the model's own.
        merge_gap, min_length: see `EventTracker`.
        quiet: decibels of full scale below which nothing is heard; None: no gate.
    """

    threshold: str = "0.5"
    classes: Sequence[str] | None = None
    median_window: int | list[int] | None = None
    merge_gap: float = 0.0
    min_length: float = 0.0
    quiet: float | None = None


class Pipeline:
    """A listener and decisions, for any number of recordings.

    Raises:
        SedError: a class that the model lacks, or thresholds that do not fit.
    """

    def __init__(self, listener: Listener, decisions: Decisions) -> None:
        self.listener, self.decisions = listener, decisions
        wanted = decisions.classes or listener.classes
        for name in wanted:
            if name not in listener.classes:
                raise SedError(unknown_name(name, listener.classes, "class"))
        self.classes = [name for name in listener.classes if name in wanted]
        self.columns = [listener.classes.index(name) for name in self.classes]
        stored = listener.thresholds
        self.thresholds = thresholds(decisions.threshold, listener.classes, stored)[self.columns]
        window = decisions.median_window
        window = listener.median_window if window is None else window
        if isinstance(window, list):
            if len(window) != len(listener.classes):
                raise SedError(
                    f"{len(window)} median windows were given; expected one, or one for each of "
                    f"the model's {len(listener.classes)} classes."
                )
            window = [window[column] for column in self.columns]
        self.median_window = window

    def tracker(self) -> EventTracker:
        """For one recording."""
        return EventTracker(
            self.classes,
            self.thresholds,
            self.listener.frame_seconds,
            self.decisions.merge_gap,
            self.decisions.min_length,
        )

    def scores(self, blocks: Iterable[Samples]) -> Iterator[FrameScores]:
        """(n, C) scores of the wanted classes, filtered and muted, in order of time."""
        quiet, gate = self.decisions.quiet, None
        if quiet is not None:
            gate = QuietGate(quiet, round(self.listener.frame_seconds * self.listener.sample_rate))
            blocks = gate.passing(blocks)
        if self.listener.tuned is not None and self.decisions.median_window is None:
            pieces: Iterator[FrameScores] = iter([self._tuned(blocks, self.listener.tuned)])
        else:
            heard = (piece[:, self.columns] for piece in self.listener.hear(blocks) if len(piece))
            pieces = filtered(heard, self.median_window)
        return gate.muted(pieces) if gate else pieces

    def _tuned(self, blocks: Iterable[Samples], tuned: Mapping[str, Any]) -> FrameScores:
        """Post-processing that needs the whole recording; memory grows with its length."""
        strong = np.concatenate(list(self.listener.hear(blocks)))
        weak = strong.max(0) if self.listener.weak is None else self.listener.weak
        scores = Scores(
            filenames=["recording"],
            classes=self.listener.classes,
            frame_seconds=self.listener.frame_seconds,
            n_frames=np.array([len(strong)], np.int32),
            networks={"student": Posteriors(strong[None], weak[None])},
        )
        return processed_scores(scores, tuned).networks["student"].strong[0][:, self.columns]

    def events(
        self, blocks: Iterable[Samples], keep: Callable[[FrameScores], None] | None = None
    ) -> list[Label]:
        """All events of a recording, in order of time.

        Args:
            blocks: its samples.
            keep: takes the scores, piece by piece.

        Raises:
            SedError: a score is not a number.
        """
        tracker, found = self.tracker(), []
        for scores in self.scores(blocks):
            refuse_infinite(scores)
            if keep:
                keep(scores)
            found += tracker.add(scores)
        return in_time([*found, *tracker.finish()])


def refuse_infinite(scores: FrameScores) -> None:
    """Events of such scores would be arbitrary.

    Raises:
        SedError: a score is not a number.
    """
    if not np.isfinite(scores).all():
        raise SedError("the model's scores are not all finite numbers; get it again.")
