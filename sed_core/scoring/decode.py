"""From frame posteriors to events: median filter once, then any number of thresholds.

The reference thresholds first and filters the binary decisions, once per threshold. An order
statistic commutes with a threshold, so filtering the scores once gives the same events.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter as ndimage_median

from sed_core.runtime.errors import SedError
from sed_core.scoring.events import Events


def operating_points(n: int = 50) -> NDArray[np.float64]:
    """The n thresholds of the reference: 1/2n, 3/2n, ... (for 50: 0.01, 0.03, ..., 0.99).

    Example:
        >>> operating_points(5).round(2).tolist()
        [0.1, 0.3, 0.5, 0.7, 0.9]
    """
    return np.arange(1 / (2 * n), 1, 1 / n, dtype=np.float64)


def median_filter(
    scores: NDArray[np.float32], windows: int | Sequence[int], n_frames: NDArray | None = None
) -> NDArray[np.float32]:
    """Filter each clip and class over time, as scipy does (edges reflected).

    An even window reaches one frame further back than ahead, and of the two values in its middle
    the higher one counts.

    Args:
        scores: (N, T, C) posteriors.
        windows: frames, one for all classes or one per class.
        n_frames: (N,) valid frames per clip; the rest is neither used nor changed. None: all T.

    Returns:
        (N, T, C) filtered scores.

    Raises:
        SedError: the number of windows is not the number of classes, or one is below 1.

    Example:
        >>> scores = np.array([0.1, 0.9, 0.1, 0.8, 0.9], np.float32).reshape(1, 5, 1)
        >>> median_filter(scores, 3).ravel()
        array([0.1, 0.1, 0.8, 0.8, 0.9], dtype=float32)
    """
    n_clips, length, n_classes = scores.shape
    sizes = [windows] * n_classes if isinstance(windows, int) else list(windows)
    if len(sizes) != n_classes or min(sizes, default=1) < 1:
        raise SedError(
            f"the median windows are {sizes}; expected one number of frames, or one for each of "
            f"the {n_classes} classes, each at least 1."
        )
    lengths = np.full(n_clips, length) if n_frames is None else np.asarray(n_frames)
    filtered = scores.copy()
    for frames in np.unique(lengths[lengths > 0]):
        clips = np.flatnonzero(lengths == frames)
        for size in set(sizes) - {1}:
            columns = np.flatnonzero(np.array(sizes) == size)
            block = np.ix_(clips, np.arange(frames), columns)
            filtered[block] = ndimage_median(scores[block], size=(1, size, 1), mode="reflect")
    return filtered


def frame_times(frames: NDArray, frame_seconds: float) -> NDArray[np.float64]:
    """Times (s) of frame borders, rounded to microseconds so that 9 x 0.064 is 0.576."""
    return np.round(np.asarray(frames) * frame_seconds, 6)


def decode(
    scores: NDArray[np.float32],
    threshold: float,
    *,
    frame_seconds: float,
    n_frames: NDArray | None = None,
) -> Events:
    """Turn maximal runs of scores above a threshold into events.

    Args:
        scores: (N, T, C), already filtered.
        threshold: compared strictly, in float64 (see `ScoreTree.at_thresholds`).
        frame_seconds: length of a frame.
        n_frames: (N,) valid frames per clip; the rest is never active. None: all T.

    Returns:
        Events sorted by clip, class, onset.

    Example:
        >>> scores = np.array([0.1, 0.9, 0.9, 0.2], np.float32).reshape(1, 4, 1)
        >>> events = decode(scores, 0.5, frame_seconds=0.064)
        >>> events.onset.tolist(), events.offset.tolist()
        ([0.064], [0.192])
    """
    return decode_many(scores, [threshold], frame_seconds=frame_seconds, n_frames=n_frames)[0]


def decode_many(
    scores: NDArray[np.float32],
    thresholds: Sequence[float] | NDArray,
    *,
    frame_seconds: float,
    n_frames: NDArray | None = None,
) -> list[Events]:
    """`decode` at each of several thresholds; memory is that of two copies of the scores."""
    n_clips, length, n_classes = scores.shape
    # One flat line of clips x classes x (frames + 1); the extra frame is a wall between rows.
    line = np.full((n_clips, n_classes, length + 1), -np.inf, scores.dtype)
    line[..., :length] = scores.transpose(0, 2, 1)
    if n_frames is not None:
        line[:, :, :length][
            np.broadcast_to(
                (np.arange(length) >= np.asarray(n_frames)[:, None])[:, None],
                (n_clips, n_classes, length),
            )
        ] = -np.inf
    flat = line.reshape(-1)
    found = []
    for threshold in np.asarray(thresholds, np.float64):
        borders = np.flatnonzero(np.diff(flat > threshold, prepend=False))
        start, stop = borders[0::2], borders[1::2]
        row, first = np.divmod(start, length + 1)
        found.append(
            Events(
                (row // n_classes).astype(np.int32),
                (row % n_classes).astype(np.int16),
                frame_times(first, frame_seconds),
                frame_times(first + stop - start, frame_seconds),
            )
        )
    return found
