import numpy as np
import pytest

from sed_core.reporting.reliability_plot import reliability_plot
from sed_core.scoring.aligned_scores import align
from sed_core.scoring.events import make_events
from sed_core.scoring.frames import from_padded
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.reliability import reliability

CLASSES = ["Cat", "Dog"]


def found(scores, events, filenames=("a", "b")):
    names = [f"{name}.wav" for name in filenames]
    truth = GroundTruth(names, np.full(len(names), 4.0), CLASSES, events)
    frames = from_padded(scores, filenames=names, classes=CLASSES, frame_seconds=1.0)
    return reliability(align(frames, truth, eventless_clips="score"))


def test_by_hand():
    scores = np.full((2, 4, 2), 0.05, np.float32)
    scores[0, 1:3, 0], scores[1, 0, 1] = 0.75, 1.0
    events = make_events(clip=[0, 1, 1], label=[0, 1, 1], onset=[1.6, 0, 0.2], offset=[4, 1, 0.9])
    result = found(scores, events)
    assert result["frames"] == [13, 0, 0, 0, 0, 0, 0, 2, 0, 1]
    # Cat is there from 1.6 s: not in the middle of frame 1, but in those of frames 2 and 3.
    assert result["active"][7] == 0.5 and result["active"][9] == 1
    assert result["active"][0] == pytest.approx(1 / 13)
    assert result["score"][0] == pytest.approx(0.05, abs=1e-6) and result["score"][1] is None
    error = (abs(13 * 0.05 - 1) + abs(2 * 0.75 - 1) + 0) / 16
    assert result["expected_calibration_error"] == pytest.approx(error, abs=1e-6)
    assert reliability_plot([result, result], title="crnn").axes


def test_scores_that_are_no_probabilities_have_none():
    scores = np.full((2, 4, 2), 1.5, np.float32)
    assert found(scores, make_events(clip=[0], label=[0], onset=[1.0], offset=[2.0])) is None
