"""A median filter over scores that come piece by piece."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from sed_core.detection.listener import FrameScores
from sed_core.scoring.decode import median_filter


def filtered(pieces: Iterable[FrameScores], windows: int | Sequence[int]) -> Iterator[FrameScores]:
    """Pieces of what `decode.median_filter` gives for the whole recording.

    Args:
        pieces: (n, C) scores in order of time.
        windows: frames, one number or one a class.
    """
    half = (windows if isinstance(windows, int) else max(windows)) // 2
    if not half:
        yield from pieces
        return
    held: FrameScores | None = None
    before = 0  # frames held that are given already; they are the new ones' neighbours
    for piece in pieces:
        held = piece if held is None else np.concatenate([held, piece])
        ready = len(held) - half
        if ready > before:
            yield median_filter(held[None], windows)[0, before:ready]
            kept = max(0, ready - half)
            held, before = held[kept:], ready - kept
    if held is not None and len(held) > before:
        yield median_filter(held[None], windows)[0, before:]
