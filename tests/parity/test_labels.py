"""Label encoding against the original implementation, exactly."""

import numpy as np
import pandas as pd
import pytest

from sed_core.data.labels import FrameGrid, LabelEncoder, clean_events
from tests.parity.subset import Arrays

GRID = FrameGrid(sample_rate=16000, hop_length=256, pooling=4, clip_seconds=10)


@pytest.fixture(scope="module")
def golden(reference_file) -> dict[str, np.ndarray]:
    return dict(Arrays(reference_file("golden/encoder.npz")))


@pytest.fixture(scope="module")
def encoder(golden: dict[str, np.ndarray]) -> LabelEncoder:
    return LabelEncoder(golden["classes"].tolist(), GRID)


def table(classes: list[str], rows: np.ndarray, filename: str = "a.wav") -> pd.DataFrame:
    label, onset, offset = rows.T
    names = [classes[int(index)] for index in label]
    return pd.DataFrame(
        {"filename": filename, "onset": onset, "offset": offset, "event_label": names}
    )


def test_frame_count(golden: dict[str, np.ndarray]) -> None:
    assert GRID.n_frames == golden["n_frames"]


def test_events(encoder: LabelEncoder, golden: dict[str, np.ndarray]) -> None:
    columns = [golden[f"event_{name}"] for name in ("class", "onset", "offset")]
    events = table(encoder.classes, np.stack(columns, axis=1))
    np.testing.assert_array_equal(encoder.encode(events), golden["joint_matrix"])
    for row, expected in zip(range(len(events)), golden["event_matrix"], strict=True):
        np.testing.assert_array_equal(encoder.encode(events.iloc[[row]]), expected)


def test_edges(encoder: LabelEncoder, golden: dict[str, np.ndarray]) -> None:
    events = table(encoder.classes, golden["edge_event"])
    for row, expected in zip(range(len(events)), golden["edge_matrix"], strict=True):
        np.testing.assert_array_equal(encoder.encode(events.iloc[[row]]), expected)


def test_cleaning_and_batch(encoder: LabelEncoder, golden: dict[str, np.ndarray]) -> None:
    starts, expected = golden["process_start"], golden["process_event_out"]
    names = [f"{start}.wav" for start in starts]
    events = pd.concat(
        [table(encoder.classes, golden["process_event_in"], name) for name in names],
        ignore_index=True,
    )
    shift = np.repeat(starts, len(golden["process_event_in"]))
    cleaned = clean_events(events, clip_seconds=10, start=shift)
    label = [encoder.classes.index(name) for name in cleaned["event_label"]]
    start = cleaned["filename"].str.removesuffix(".wav").astype(float)
    rows = np.stack([start, label, cleaned["onset"], cleaned["offset"]], axis=1)
    np.testing.assert_array_equal(rows, expected)
    matrices = encoder.encode_split(events, names, start=starts)
    np.testing.assert_array_equal(matrices, golden["process_matrix"])


def test_weak(encoder: LabelEncoder, golden: dict[str, np.ndarray]) -> None:
    names = [f"{i}.wav" for i in range(len(golden["weak_in"]))]
    weak = pd.DataFrame({"filename": names, "event_labels": golden["weak_in"]})
    np.testing.assert_array_equal(encoder.encode_weak_split(weak, names), golden["weak_out"])


def test_frame_times(golden: dict[str, np.ndarray]) -> None:
    """Every time that the original decodes is the start of a frame, to the last bit."""
    times = golden["decode_events"][:, 2:].ravel()
    assert np.isin(times, GRID.seconds(np.arange(GRID.n_frames + 1))).all()
