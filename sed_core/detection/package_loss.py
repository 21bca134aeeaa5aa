"""What another arithmetic costs: differences of frame scores on a recording."""

from pathlib import Path

import numpy as np

from sed_core.data.audio_stream import stream_file
from sed_core.detection.listener import FrameScores, Listener


def loss(reference: Listener, other: Listener, recording: Path) -> tuple[float, float]:
    """Mean and largest absolute difference of all frame scores of a recording."""
    difference = np.abs(_scores(reference, recording) - _scores(other, recording))
    return float(difference.mean()), float(difference.max())


def _scores(listener: Listener, recording: Path) -> FrameScores:
    blocks = stream_file(recording, sample_rate=listener.sample_rate, resampler=listener.resampler)
    return np.concatenate(list(listener.hear(blocks)))
