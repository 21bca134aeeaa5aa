import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import median_filter as scipy_median

from sed_core.runtime.errors import SedError
from sed_core.scoring.decode import (
    decode,
    decode_many,
    frame_times,
    median_filter,
    operating_points,
)

scores = arrays(np.float32, (2, 9, 3), elements=st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]))


def naive(active):
    """Runs of a boolean line, one by one."""
    runs, start = [], None
    for frame, on in enumerate([*active, False]):
        if on and start is None:
            start = frame
        if not on and start is not None:
            runs.append((start, frame))
            start = None
    return runs


@given(scores, st.integers(1, 21), st.sampled_from([0.2, 0.5, 0.7]))
@settings(max_examples=60, deadline=None)
def test_filtering_scores_is_filtering_decisions(values, window, threshold):
    events = decode(median_filter(values, window), threshold, frame_seconds=1.0)
    expected = []
    for clip in range(2):
        for label in range(3):
            active = (values[clip, :, label] > np.float64(threshold)).astype(float)
            decided = scipy_median(active[:, None], size=(window, 1), mode="reflect")[:, 0]
            runs = naive(decided > 0.5)
            expected += [(clip, label, *run) for run in runs]
    found = list(zip(events.clip, events.label, events.onset, events.offset, strict=True))
    assert found == expected


def test_a_threshold_is_strict_and_compared_in_float64():
    values = np.full((1, 3, 1), 0.25, np.float32)
    thirteenth = operating_points()[12]
    assert 0.25 - 1e-15 < thirteenth < 0.25  # float32 would make it 0.25
    assert len(decode(values, thirteenth, frame_seconds=1.0)) == 1
    assert len(decode(values, 0.25, frame_seconds=1.0)) == 0


def test_runs_end_at_the_last_frame_and_not_in_the_next_row():
    values = np.zeros((2, 4, 2), np.float32)
    values[0, 2:, 1] = values[1, :2, 0] = 1
    events = decode(values, 0.5, frame_seconds=0.064)
    assert events.clip.tolist() == [0, 1]
    assert events.onset.tolist() == [0.128, 0.0]
    assert events.offset.tolist() == [0.256, 0.128]


def test_frames_beyond_a_clip_are_neither_used_nor_active():
    values = np.zeros((2, 6, 1), np.float32)
    values[0, 3:] = 1
    lengths = np.array([4, 6])
    filtered = median_filter(values, 3, lengths)
    assert filtered[0, :4, 0].tolist() == [0, 0, 0, 1]  # the edge is reflected at frame 4
    events = decode(filtered, 0.5, frame_seconds=1.0, n_frames=lengths)
    assert (events.onset.tolist(), events.offset.tolist()) == ([3.0], [4.0])


def test_windows_per_class():
    values = np.zeros((1, 5, 2), np.float32)
    values[0, 2] = 1
    assert median_filter(values, [1, 3])[0, 2].tolist() == [1, 0]
    for windows in ([3], [3, 0], 0):
        with pytest.raises(SedError, match="median windows"):
            median_filter(values, windows)


def test_several_thresholds_are_one_table_each():
    values = np.array([[[0.2], [0.6], [0.9]]], np.float32)
    tables = decode_many(values, [0.1, 0.5, 0.95], frame_seconds=1.0)
    assert [(t.onset.tolist(), t.offset.tolist()) for t in tables] == [
        ([0.0], [3.0]),
        ([1.0], [3.0]),
        ([], []),
    ]


def test_times_are_the_nearest_floats_of_their_decimals():
    assert frame_times(np.array([9, 156]), 0.064).tolist() == [0.576, 9.984]
