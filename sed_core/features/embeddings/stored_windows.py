"""Where the windows of recordings begin whose embeddings lie in files."""

import numpy as np
from numpy.typing import NDArray

SPARE = 100
"""A recording that is longer than a window by less than this part of it has one window."""


def is_one_window(n_samples: int, window: int) -> bool:
    """Whether a recording is heard in one window."""
    return (n_samples - window) * SPARE < window


def stored_starts(n_samples: int, window: int) -> list[int]:
    """First samples of a recording's windows: half a window apart, the last ends with it.

    One grid for all systems that read the file, whatever the frames of their networks are. No
    window reaches beyond the recording, since a scaler would see the zeros there.

    Args:
        n_samples: of the recording.
        window: samples of a window.
    """
    if is_one_window(n_samples, window):
        return [0]
    last = n_samples - window
    return [*range(0, last, max(1, window // 2)), last]


def stored_windows(
    lengths: NDArray[np.integer], window: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The windows of many recordings, in order.

    Args:
        lengths: (N,) samples of each.
        window: samples of a window.

    Returns:
        (R,) the recording and (R,) the first sample of each window.
    """
    starts = [stored_starts(int(length), window) for length in lengths]
    recordings = np.repeat(np.arange(len(starts)), [len(one) for one in starts])
    return recordings, np.array([start for one in starts for start in one], dtype=np.int64)
