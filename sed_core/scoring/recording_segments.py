"""Metrics of seconds of recordings that were heard in overlapping windows, as 2024 scores MAESTRO.

A window's score of a second is the mean of its frames, weighted by how much of each lies in it;
where windows overlap, the recording has the mean of theirs. The truth of a recording is that of
all its windows. A second is positive if an event touches it. Areas follow `scoring.auroc`, F1 is
that of the best threshold of each class, which makes it an upper bound; all as in sed_scores_eval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sed_core.data.recording_windows import RecordingWindow, recording_durations
from sed_core.scoring.aligned_scores import AlignedScores
from sed_core.scoring.auroc import Auroc, Judge, roc_area
from sed_core.scoring.events import microseconds
from sed_core.scoring.frames import FrameScores, spread
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.settings import Settings

SECOND = 1_000_000
"""Microseconds."""


def segment_weights(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """(S, T) share of each frame in the mean of each second, from (T + 1,) borders of frames."""
    seconds = np.arange(np.ceil(times[-1]))
    begin, end = (
        np.maximum(times[:-1], seconds[:, None]),
        np.minimum(times[1:], seconds[:, None] + 1),
    )
    overlap = np.maximum(end - begin, 0)
    return overlap / overlap.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class RecordingSegments:
    """Where the seconds of all recordings lie, end to end, in the order of their names.

    Attributes:
        first: (N,) the second of each window's start.
        stop: (N,) behind the last second of its recording.
        count: seconds of all recordings.
    """

    first: NDArray[np.int64]
    stop: NDArray[np.int64]
    count: int

    @classmethod
    def of(
        cls, filenames: Sequence[str], durations: Mapping[str, float] | None = None
    ) -> "RecordingSegments":
        """Those of the windows of these names.

        Args:
            filenames: of all windows.
            durations: seconds of each recording; None: up to the end of its last window.
        """
        durations = durations or recording_durations(filenames)
        names = sorted(durations)
        counts = np.array([int(np.ceil(durations[name])) for name in names], np.int64)
        stop = np.cumsum(counts)
        place = {name: number for number, name in enumerate(names)}
        windows = [RecordingWindow.named(name) for name in filenames]
        of_window = np.array([place[window.recording] for window in windows], np.int64)
        starts = np.array([int(window.start) for window in windows], np.int64)
        return cls((stop - counts)[of_window] + starts, stop[of_window], int(counts.sum()))

    def scores(
        self, frames: FrameScores, line: NDArray, weights: Mapping[int, NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """(count,) scores of a class from those of its frames; 0 where no window reaches."""
        total, heard = np.zeros(self.count), np.zeros(self.count)
        for slot, n_frames, first, stop in zip(
            frames.first, frames.n_frames, self.first, self.stop, strict=True
        ):
            if n_frames == 0:
                continue
            means = weights[n_frames] @ line[slot : slot + n_frames].astype(np.float64)
            here = slice(first, min(first + len(means), stop))
            total[here] += means[: here.stop - first]
            heard[here] += 1
        return np.divide(total, heard, out=np.zeros(self.count), where=heard > 0)

    def positive(self, truth: GroundTruth) -> NDArray[np.bool_]:
        """(C, count) whether an event touches each second; the windows are the truth's clips."""
        events = truth.events
        begin = microseconds(events.onset) // SECOND
        room = (self.stop - self.first)[events.clip]
        end = np.minimum(-(-microseconds(events.offset) // SECOND), room)
        length = np.maximum(end - begin, 0)
        found = np.zeros((len(truth.classes), self.count), bool)
        label = np.repeat(events.label.astype(np.int64), length)
        found[label, spread(self.first[events.clip] + begin, length)] = True
        return found


def recording_score(
    aligned: AlignedScores[FrameScores],
    settings: Settings,
    judge: Judge,
    *,
    durations: Mapping[str, float] | None = None,
) -> Auroc:
    """What `judge` makes of the seconds of all recordings, class by class, and the mean.

    Args:
        aligned: scores and truth of all windows, also of those without events.
        settings: the median windows.
        judge: of a class's scores and which seconds are positive; None where undefined.
        durations: see `RecordingSegments.of`.

    Raises:
        SedError: a clip is no window of a recording.
    """
    frames, truth = aligned.scores.select(aligned.truth.filenames), aligned.truth
    segments = RecordingSegments.of(truth.filenames, durations)
    positive = segments.positive(truth)
    windows = settings.windows_of(len(truth.classes))
    weights = {
        int(n): segment_weights(frames.time[slot : slot + n + 1])
        for slot, n in zip(frames.first, frames.n_frames, strict=True)
        if n
    }
    found = {}
    for label, name in enumerate(truth.classes):
        line = frames.filtered(label, windows[label])
        found[name] = judge(segments.scores(frames, line, weights), positive[label])
    return Auroc.of(found)


def best_f1(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float | None:
    """The highest F1 of (S,) scores over all thresholds; None without positives."""
    if not positive.any():
        return None
    order = np.argsort(-scores, kind="stable")
    ranked, hit = scores[order], positive[order]
    last = np.append(ranked[1:] != ranked[:-1], True)  # equal scores pass a threshold together
    found, taken = np.cumsum(hit)[last], np.arange(1, len(hit) + 1)[last]
    return float((2 * found / (taken + positive.sum())).max())


RECORDING_METRICS: dict[str, Judge] = {
    "recording_auroc": roc_area,
    "recording_auroc_0.1": lambda scores, positive: roc_area(scores, positive, 0.1),
    "recording_best_f1": best_f1,
}
"""Of splits whose recordings are cut; the second is DCASE 2024's mpAUC."""
