"""Scores of recordings from overlapping windows, against those of DCASE 2024's baseline."""

import numpy as np
import pytest

from sed_core.scoring.aligned_scores import align
from sed_core.scoring.events import make_events, microseconds
from sed_core.scoring.frames import from_padded
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.recording_segments import (
    RECORDING_METRICS,
    RecordingSegments,
    recording_score,
    segment_weights,
)
from sed_core.scoring.settings import Settings
from tests.parity.subset import largest

FRAME = 0.064


@pytest.fixture(scope="module")
def data(zoo):
    return zoo("dcase2024_maestro_metrics")


@pytest.fixture(scope="module")
def aligned(data):
    """Frame scores of all windows, and the events of more than half confidence in them."""
    names = [f"{name}.wav" for name in data["clip_id"].tolist()]
    classes = data["classes_eval"].tolist()
    times = data["event_onset_offset_confidence"]
    labels, files = data["event_label"].tolist(), data["event_file"].tolist()
    rows = [n for n, label in enumerate(labels) if times[n, 2] > 0.5 and label in classes]
    events = make_events(
        clip=[names.index(files[n]) for n in rows],
        label=[classes.index(labels[n]) for n in rows],
        onset=times[rows, 0].astype(float),
        offset=times[rows, 1].astype(float),
    )
    truth = GroundTruth(names, np.full(len(names), 10.0), classes, events)
    scores = from_padded(
        data["frame_scores"],
        filenames=names,
        classes=data["classes_17"].tolist(),
        frame_seconds=FRAME,
    )
    return align(scores.take(classes), truth, eventless_clips="score")


@pytest.fixture(scope="module")
def durations(data):
    return dict(zip(data["file_id"].tolist(), data["duration"].astype(float).round(1), strict=True))


def test_means_of_seconds_within_a_window(data):
    times = FRAME * np.arange(157)
    assert largest(times, data["frame_times"]) < 1e-6  # which are rounded to float32
    weights = segment_weights(times)
    means = weights @ data["frame_scores"][0].astype(float)
    assert np.abs(means - data["segment_means_clip0"]).max() < 1e-6


def test_seconds_of_recordings(data, aligned, durations):
    segments = RecordingSegments.of(aligned.truth.filenames, durations)
    weights = {156: segment_weights(FRAME * np.arange(157))}
    found = np.stack(
        [segments.scores(aligned.scores, line, weights) for line in aligned.scores.lines], axis=1
    )
    recordings = sorted(data["file_id"].tolist())
    for name in recordings:
        whole = np.arange(np.ceil(durations[name]) + 1)
        expected = np.minimum(whole, durations[name])  # the last second may be short
        assert largest(expected, data[f"segments_times_f64/{name}"]) < 1e-6, name
    columns = [data["classes_17"].tolist().index(name) for name in aligned.truth.classes]
    wanted = np.concatenate([data[f"segments_f64/{name}"] for name in recordings])[:, columns]
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() < 1e-6


def test_truth_of_recordings(data, aligned, durations):
    """Equal to the seconds that the original's united events touch."""
    segments = RecordingSegments.of(aligned.truth.filenames, durations)
    recordings = sorted(data["file_id"].tolist())
    seconds = {name: len(data[f"segments_f64/{name}"]) for name in recordings}
    first = dict(zip(recordings, np.cumsum([0, *seconds.values()]), strict=False))
    wanted = np.zeros((len(aligned.truth.classes), segments.count), bool)
    for file, label, (onset, offset) in zip(
        data["merged_file"].tolist(),
        data["merged_label"].tolist(),
        microseconds(data["merged_event"].astype(float)),
        strict=True,
    ):
        last = min(-(-offset // 10**6), seconds[file])
        rows = slice(first[file] + onset // 10**6, first[file] + last)
        wanted[aligned.truth.classes.index(label), rows] = True
    assert np.array_equal(segments.positive(aligned.truth), wanted)


@pytest.mark.parametrize(
    ("metric", "golden"),
    [
        ("recording_auroc", "mauc"),
        ("recording_auroc_0.1", "mpauc"),
        ("recording_best_f1", "best_f1"),
    ],
)
def test_metrics(zoo, data, aligned, durations, metric, golden):
    found = recording_score(
        aligned, Settings(median_window=1), RECORDING_METRICS[metric], durations=durations
    )
    mean = {"best_f1": "best_f1_macro"}.get(golden, f"{golden}_mean")
    assert list(found.per_class.values()) == pytest.approx(data[f"exact/{golden}"], abs=1e-9)
    assert found.value == pytest.approx(float(data[f"exact/{mean}"]), abs=1e-9)
    newer = zoo("dcase2024_maestro_metrics_head_c7a3b71")
    assert list(found.per_class.values()) == pytest.approx(newer[f"exact/{golden}"], abs=1e-9)
    assert found.value == pytest.approx(float(newer[f"exact/{mean}"]), abs=1e-9)


def test_every_array_is_read(unread):
    assert unread == []
