import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sed_core.data.labels import FrameGrid, LabelEncoder, clean_events
from sed_core.runtime.errors import SedError

CLASSES = ["bark", "bell", "tap"]
GRID = FrameGrid(sample_rate=16000, hop_length=256, pooling=4, clip_seconds=10)
few = settings(max_examples=30, deadline=None)
times = st.floats(-1, 12, allow_nan=False)
rows = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c"]), times, times, st.sampled_from(CLASSES)), max_size=12
)


def table(events: list[tuple[str, float, float, str]]) -> pd.DataFrame:
    frame = pd.DataFrame(events, columns=["filename", "onset", "offset", "event_label"])
    return frame.astype({"onset": float, "offset": float})


def one_by_one(events: pd.DataFrame, grid: FrameGrid) -> np.ndarray:
    """The definition, an event and a frame at a time."""
    target = np.zeros((len(CLASSES), grid.n_frames))
    for event in events.itertuples():
        rate = (grid.sample_rate, grid.hop_length, grid.pooling)
        first, last = (
            min(max(time * rate[0] / rate[1] / rate[2], 0), grid.n_frames)
            for time in (event.onset, event.offset)
        )
        for frame in range(math.floor(first), math.ceil(last)):
            target[CLASSES.index(event.event_label), frame] = 1
    return target


@few
@given(rows)
def test_encode_is_its_definition(events: list[tuple[str, float, float, str]]) -> None:
    encoder = LabelEncoder(CLASSES, GRID)
    np.testing.assert_array_equal(encoder.encode(table(events)), one_by_one(table(events), GRID))


@few
@given(rows, st.lists(st.floats(0, 5), min_size=2, max_size=2))
def test_split_is_its_clips(
    events: list[tuple[str, float, float, str]], start: list[float]
) -> None:
    encoder = LabelEncoder(CLASSES, GRID)
    names = ["c", "a"]
    split = encoder.encode_split(table(events), names, start=np.array(start))
    assert split.dtype == np.uint8
    for name, shift, found in zip(names, start, split, strict=True):
        own = table([event for event in events if event[0] == name])
        cleaned = clean_events(own, clip_seconds=10, start=shift)
        np.testing.assert_array_equal(found, encoder.encode(cleaned))


@few
@given(rows, st.floats(0, 5))
def test_clean_events_lie_in_the_clip(
    events: list[tuple[str, float, float, str]], start: float
) -> None:
    cleaned = clean_events(table(events), clip_seconds=10, start=start)
    assert (cleaned["onset"] >= 0).all() and (cleaned["offset"] <= 10).all()
    assert (cleaned["onset"] < cleaned["offset"]).all()
    assert not cleaned.duplicated().any()


@few
@given(st.integers(0, 156))
def test_frame_times_round_trip(frame: int) -> None:
    time = GRID.seconds(frame)
    assert GRID.position(time) == pytest.approx(frame, abs=1e-9)
    assert time == pytest.approx(frame * GRID.frame_seconds)


def test_protocol_golden_values() -> None:
    assert (GRID.n_frames, GRID.frame_seconds, GRID.n_samples) == (156, 0.064, 160000)
    encoder = LabelEncoder(CLASSES, GRID)
    active = encoder.encode(table([("a", 0.163, 0.665, "bell")]))
    assert np.flatnonzero(active[1]).tolist() == list(range(2, 11))
    assert active.sum() == 9
    assert encoder.encode(table([("a", 0, 10, "tap")]))[2].all()


poolings = st.lists(st.integers(1, 5), min_size=1, max_size=5).filter(lambda p: math.prod(p) < 20)


@settings(max_examples=150, deadline=None)
@given(
    hundredths=st.integers(50, 6000),
    rate=st.sampled_from([8000, 16000, 22050, 32000, 44100, 48000]),
    hop=st.integers(64, 1024),
    window=st.integers(32, 2048).map(lambda half: 2 * half),
    pooling=poolings,
    kernel=st.sampled_from([1, 3, 5]),
)
def test_the_grid_is_what_the_layers_give(hundredths, rate, hop, window, pooling, kernel) -> None:
    """By the formulas of torch.stft, Conv2d and AvgPool2d, layer by layer."""
    seconds = hundredths / 100
    grid = FrameGrid(
        sample_rate=rate, hop_length=hop, pooling=math.prod(pooling), clip_seconds=seconds
    )
    assert abs(100 * grid.n_samples - hundredths * rate) <= 50  # the nearest, in whole numbers
    length = 1 + (grid.n_samples + 2 * (window // 2) - window) // hop
    for pool in pooling:
        length = (length + 2 * (kernel // 2) - (kernel - 1) - 1) // 1 + 1
        length = (length - pool) // pool + 1
    assert grid.n_frames == len(grid.centres) == length
    whole = LabelEncoder(CLASSES, grid).encode(table([("a", 0, seconds, "tap")]))
    assert whole.shape == (3, length)
    assert abs(length * grid.frame_seconds - seconds) < 2 * grid.frame_seconds
    assert whole[2].sum() >= min(length, seconds / grid.frame_seconds)


def test_other_grid_and_rows_without_event() -> None:
    grid = FrameGrid(sample_rate=32000, hop_length=320, pooling=2, clip_seconds=4)
    events = table([("a", 0.0, 0.02, "tap"), ("b", 3.99, 4.0, "bark")])
    silent = pd.DataFrame({"filename": ["c"], "onset": [np.nan], "offset": [np.nan]})
    events = pd.concat([events, silent])
    found = LabelEncoder(CLASSES, grid).encode_split(events, ["a", "b", "c"])
    assert found.shape == (3, 3, 200)
    assert np.argwhere(found).tolist() == [[0, 2, 0], [1, 0, 199]]


def test_weak_labels() -> None:
    encoder = LabelEncoder(CLASSES, GRID)
    weak = pd.DataFrame({"filename": ["a", "b", "x"], "event_labels": ["tap,bark", "", "bell"]})
    found = encoder.encode_weak_split(weak, ["b", "a"])
    assert found.tolist() == [[0, 0, 0], [1, 0, 1]]


def test_unknown_class_is_named() -> None:
    encoder = LabelEncoder(CLASSES, GRID)
    with pytest.raises(SedError, match=r"\(meow\); expected bark, bell, tap"):
        encoder.encode(table([("a", 0, 1, "meow")]))


def test_a_frame_has_the_highest_confidence_that_touches_it() -> None:
    events = table([("a", 0.0, 0.128, "bell"), ("a", 0.1, 0.256, "bell"), ("b", 0, 1, "tap")])
    events["confidence"] = [0.25, 0.75, 0.5]
    labels = LabelEncoder(CLASSES, GRID).encode_split(events, ["a", "b"])
    assert labels.dtype == np.float32
    assert labels[0, 1, :5].tolist() == [0.25, 0.75, 0.75, 0.75, 0]
    assert labels[1, 2, 15] == 0.5
    events["confidence"] = 1.0
    hard = LabelEncoder(CLASSES, GRID).encode_split(events.drop(columns="confidence"), ["a", "b"])
    assert (LabelEncoder(CLASSES, GRID).encode_split(events, ["a", "b"]) == hard).all()
