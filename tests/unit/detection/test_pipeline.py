"""Scores that come piece by piece become what they become as a whole."""

import numpy as np
import pytest
import torch

from sed_core.data.label_formats.labelled_events import Label
from sed_core.detection.event_tracker import EventTracker
from sed_core.detection.listener import yamnet_listener
from sed_core.detection.median_stream import filtered
from sed_core.detection.quiet_gate import QuietGate
from sed_core.detection.thresholds import thresholds
from sed_core.runtime.errors import SedError
from sed_core.scoring.confidence import labels_of
from sed_core.scoring.decode import decode, median_filter
from tests.unit.detection.conftest import RATE, long_sound

CLASSES = ["a", "b", "c"]


def cut(array, rng, longest):
    at = 0
    while at < len(array):
        size = int(rng.integers(1, longest))
        yield array[at : at + size]
        at += size


@pytest.mark.parametrize("length", [1, 3, 50, 51])
@pytest.mark.parametrize("windows", [1, 7, 8, [1, 4, 9], [20, 3, 6]])
def test_the_filter_is_that_of_the_whole(length, windows):
    rng = np.random.default_rng(length)
    scores = rng.random((length, 3), np.float32)
    found = np.concatenate(list(filtered(cut(scores, rng, 9), windows)))
    assert np.array_equal(found, median_filter(scores[None], windows)[0])


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8])
def test_events_are_those_of_the_whole(threshold):
    rng = np.random.default_rng(1)
    scores = rng.random((200, 3), np.float32)
    tracker = EventTracker(CLASSES, np.full(3, threshold), 0.064)
    found = [label for piece in cut(scores, rng, 9) for label in tracker.add(piece)]
    found += tracker.finish()
    expected = decode(scores[None], threshold, frame_seconds=0.064)
    whole = labels_of(expected, scores, CLASSES, frame_seconds=0.064)
    assert len(whole) > 10
    assert set(found) == set(whole)


def test_gaps_are_merged_before_short_events_are_dropped():
    line = np.array([0, 1, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0], np.float32) * np.float32(0.75)
    tracker = EventTracker(["a"], np.array([0.5]), 1.0, merge_gap=1.0, min_length=2.0)
    found = [label for score in line for label in tracker.add(np.full((1, 1), score))]
    assert [*found, *tracker.finish()] == [Label(1.0, 5.0, "a", 0.75, 0.75)]


def test_what_is_quiet_is_not_heard():
    sound = np.repeat([0.5, 1e-4, 0.5, 0.0], 100).astype(np.float32)
    gate = QuietGate(-60, 100)
    rng = np.random.default_rng(0)
    assert np.array_equal(np.concatenate(list(gate.passing(cut(sound, rng, 70)))), sound)
    scores = np.ones((5, 1), np.float32)
    assert next(gate.muted([scores])).ravel().tolist() == [1, 0, 1, 0, 0]


@pytest.mark.parametrize("seconds", [0.01, 0.5, 3.0, 4.32])
@pytest.mark.parametrize("patches", [1, 3])
def test_yamnet_hears_blocks_as_it_hears_the_whole(yamnet, seconds, patches):
    sound = long_sound(seconds)
    listener = yamnet_listener(yamnet, list(map(str, range(521))), torch.device("cpu"), patches)
    found = np.concatenate(list(listener.hear(cut(sound, np.random.default_rng(0), 5000))))
    with torch.inference_mode():
        wave = torch.from_numpy(sound[None])
        frame = yamnet(wave, "frame")["frame"].transpose(1, 2)
        expected = yamnet.logits(frame).sigmoid()[0].numpy()
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-5
    assert listener.latency < 0.3


def test_yamnet_waits_no_longer_than_it_says(yamnet):
    listener = yamnet_listener(yamnet, list(map(str, range(521))), torch.device("cpu"), 1)
    fed = 0

    def blocks():
        nonlocal fed
        for block in np.array_split(long_sound(4.0), 400):
            fed += len(block)
            yield block

    ends = 0.0
    for scores in listener.hear(blocks()):
        ends += len(scores) * listener.frame_seconds
        assert fed / RATE <= ends + listener.latency + 0.011 or fed == 4 * RATE


def test_thresholds(tmp_path):
    (tmp_path / "t.tsv").write_text("event_label\tthreshold\nb\t0.25\n")
    (tmp_path / "t.json").write_text('{"c": 0.75}')
    assert thresholds("0.3", CLASSES).tolist() == [0.3, 0.3, 0.3]
    assert thresholds(str(tmp_path / "t.tsv"), CLASSES).tolist() == [0.5, 0.25, 0.5]
    assert thresholds(str(tmp_path / "t.json"), CLASSES).tolist() == [0.5, 0.5, 0.75]
    stored = dict(zip(CLASSES, (0.1, 0.2, 0.3), strict=True))
    assert thresholds("best-f1", CLASSES, stored).tolist() == [0.1, 0.2, 0.3]
    (tmp_path / "wrong.json").write_text('{"d": 0.75}')
    (tmp_path / "wrong.tsv").write_text("event_label\tthreshold\nb\t2\n")
    for text, sentence in [
        ("best-f1", "holds no thresholds"),
        ("half", "'half' is not a number"),
        (str(tmp_path / "wrong.json"), "there is no class 'd'"),
        (str(tmp_path / "wrong.tsv"), "row 2: the threshold '2' is not from 0"),
    ]:
        with pytest.raises(SedError, match=sentence):
            thresholds(text, CLASSES)
