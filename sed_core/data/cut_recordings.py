"""Recordings cut into windows, each of which becomes a clip of its split."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sed_core.data.manifest import LENGTH_TOLERANCE, SILENT_PEAK, WINDOW
from sed_core.data.recording_windows import RecordingWindow, windows_of

_OWN_FLAGS = ("short", "long", "silent")
"""What is said of a window rather than of its recording."""


def cut_samples(
    filename: str,
    samples: NDArray[np.float32],
    *,
    clip_seconds: float,
    hop: float,
    sample_rate: int,
) -> Iterator[tuple[RecordingWindow, NDArray[np.float32]]]:
    """The windows of a recording, and views of their samples; arguments as for `window_clips`."""
    seconds = len(samples) / sample_rate
    for window in windows_of(filename, seconds, length=clip_seconds, hop=hop):
        yield window, samples[round(window.start * sample_rate) : round(window.end * sample_rate)]


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
    for window, piece in cut_samples(
        row["filename"], samples, clip_seconds=clip_seconds, hop=hop, sample_rate=sample_rate
    ):
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
