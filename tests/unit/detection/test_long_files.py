"""Files of hours, read and heard block by block."""

import tracemalloc

import numpy as np
import soundfile as sf

from sed_core.detection.batch import detect
from sed_core.detection.find_recordings import find
from sed_core.detection.listener import SystemListener
from sed_core.detection.pipeline import Decisions, Pipeline
from sed_core.inference.recordings import scores_of
from tests.unit.inference.test_long_recordings import FRAME, RATE, Loudness

HOURS = 3
MOST = 12e6  # bytes; the samples alone are 43 MB


def test_three_hours_in_bounded_memory_without_drift(tmp_path):
    rate = 2 * RATE  # so that they are resampled on the way
    onsets = np.arange(7.0, HOURS * 3600 - 10, 599.9).round(2)
    with sf.SoundFile(tmp_path / "long.flac", "w", rate, 1, "PCM_16") as sound:
        for minute in range(60 * HOURS):
            times = minute * 60 + np.arange(60 * rate) / rate
            loud = (times[:, None] >= onsets) & (times[:, None] < onsets + 2)
            sound.write(0.9 * loud.any(1))
    loudness = Loudness.joined_by("centre")
    listener = SystemListener(scores_of(loudness, "student"), loudness.system, batch_size=8)
    pipeline = Pipeline(listener, Decisions(classes=["Cat"], median_window=3))
    (recording,) = find([tmp_path / "long.flac"])
    tracemalloc.start()
    found = detect(pipeline, recording)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < MOST
    assert found.duration == HOURS * 3600
    spans = np.array([(label.onset, label.offset) for label in found.labels])
    assert spans.shape == (len(onsets), 2)
    assert np.abs(spans - np.stack([onsets, onsets + 2], axis=1)).max() <= FRAME + 1e-6
