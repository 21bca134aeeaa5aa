"""How sure a system is of each event: mean and peak of its frame scores."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sed_core.data.label_formats.labelled_events import Label, in_time
from sed_core.scoring.events import Events


def labels_of(
    events: Events,
    scores: NDArray[np.float32],
    classes: Sequence[str],
    *,
    frame_seconds: float,
    first_frame: int = 0,
) -> list[Label]:
    """Events of one recording as labels, in order of time.

    Args:
        events: whose borders are frames' borders.
        scores: (T, C), those that were decoded.
        classes: C names.
        frame_seconds: length of a frame.
        first_frame: of the recording that `scores` begins with.

    Example:
        >>> scores = np.array([0.1, 0.9, 0.7, 0.2], np.float32).reshape(4, 1)
        >>> events = Events(*(np.array([value]) for value in (0, 0, 0.064, 0.192)))
        >>> labels_of(events, scores, ["Dog"], frame_seconds=0.064)
        [Label(onset=0.064, offset=0.192, name='Dog', mean=0.8, peak=0.9)]
    """
    first = np.rint(events.onset / frame_seconds).astype(int) - first_frame
    last = np.rint(events.offset / frame_seconds).astype(int) - first_frame
    found = []
    for row, (begin, end) in enumerate(zip(first, last, strict=True)):
        inside = scores[begin:end, events.label[row]].astype(np.float64)
        onset, offset = (round(float(time[row]), 6) for time in (events.onset, events.offset))
        mean, peak = round(float(inside.mean()), 6), round(float(inside.max()), 6)
        found.append(Label(onset, offset, classes[events.label[row]], mean, peak))
    return in_time(found)
