"""Recordings cut into windows, each of which becomes a clip of its split."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sed_core.data.manifest import LENGTH_TOLERANCE, SILENT_PEAK, WINDOW
from sed_core.data.recording_windows import windows_of

_OWN_FLAGS = ("short", "long", "silent")
"""What is said of a window rather than of its recording."""


def window_clips(
    row: dict[str, Any],
    samples: NDArray[np.float32],
    *,
    clip_seconds: float,
    hop: float,
    sample_rate: int,
) -> Iterator[tuple[dict[str, Any], NDArray[np.float32]]]:
    """The manifest rows of a recording's windows, without digests, and their samples.

    Args:
        row: of the recording.
        samples: of the recording at `sample_rate`.
        clip_seconds: length of a window.
        hop: from the start of a window to that of the next, seconds.
        sample_rate: Hz.
    """
    seconds = len(samples) / sample_rate
    for window in windows_of(row["filename"], seconds, length=clip_seconds, hop=hop):
        piece = samples[round(window.start * sample_rate) : round(window.end * sample_rate)]
        peak = float(np.abs(piece).max(initial=0))
        own = {
            "short": len(piece) / sample_rate < clip_seconds - LENGTH_TOLERANCE,
            "silent": peak < SILENT_PEAK,
        }
        flags = [flag for flag in str(row["flags"]).split(",") if flag not in ("", *_OWN_FLAGS)]
        yield (
            {
                **row,
                "filename": window.filename,
                "duration": round(len(piece) / sample_rate, 6),
                "peak": round(peak, 6),
                "rms": round(float(np.sqrt(np.mean(np.square(piece, dtype=np.float64)))), 6),
                "flags": ",".join(
                    [*(flag for flag, holds in own.items() if holds), *flags, WINDOW]
                ),
            },
            piece,
        )
