"""Metrics that a configuration asks for by name."""

from typing import get_args, get_type_hints

import numpy as np
import pytest

from sed_core.config.jobs import Scoring
from sed_core.runtime.errors import SedError
from sed_core.scoring.aligned_scores import align
from sed_core.scoring.auroc import segment_auroc
from sed_core.scoring.evaluate import evaluate_scores
from sed_core.scoring.events import make_events
from sed_core.scoring.frames import from_padded
from sed_core.scoring.further import FURTHER, PI_WINDOWS, further_metrics
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.recording_segments import RECORDING_METRICS
from sed_core.scoring.scenarios import SCENARIOS
from sed_core.scoring.settings import Settings
from tests.unit.scoring.random_cases import random_problem
from tests.unit.scoring.test_auroc import aligned_of


def test_names_are_those_of_the_configuration():
    (choice,) = get_args(get_type_hints(Scoring)["further"])
    assert list(get_args(choice)) == list(FURTHER)


def test_each_is_its_metric():
    aligned, settings = aligned_of(random_problem(5)), Settings(median_window=3)
    names = [name for name in FURTHER if name not in RECORDING_METRICS]
    found = further_metrics(names, aligned, settings)
    assert found["segment_auroc"]["value"] == segment_auroc(aligned, settings).value
    partial = segment_auroc(aligned, settings, max_fpr=0.1).value
    assert found["segment_auroc_0.1"]["value"] == partial
    plain = evaluate_scores(aligned, settings).metrics["psds2"]["exact"]
    assert found["psds2_no_cross_triggers"]["value"] >= plain["value"]
    assert set(found["psds2_no_cross_triggers"]) == {"value", "class_mean", "per_class"}
    alone = evaluate_scores(aligned, Settings(median_window=PI_WINDOWS[3])).metrics
    for name in SCENARIOS:
        assert found[f"pi_{name}"]["class_mean"] >= alone[name]["exact"]["class_mean"] - 1e-9
    with pytest.raises(SedError, match="Did you mean 'pi_psds2'"):
        further_metrics(["pi_psds"], aligned, settings)


def test_whole_recordings_are_judged_with_their_silent_windows():
    """Both windows hear the second of the event; the one without events lowers its mean."""
    names = ["a-000000-001000.wav", "a-000500-001500.wav"]
    events = make_events(clip=[0], label=[0], onset=[2.0], offset=[3.0])
    truth = GroundTruth(names, np.full(2, 10.0), ["Dog"], events)
    posteriors = np.zeros((2, 10, 1), np.float32)
    posteriors[0, 2], posteriors[1, 7] = 0.9, 0.95  # the second one at 12 s, where nothing is
    frames = from_padded(posteriors, filenames=names, classes=["Dog"], frame_seconds=1.0)
    settings = Settings(median_window=1)
    aligned, whole = (align(frames, truth, eventless_clips=way) for way in ("skip", "score"))
    found = further_metrics(["recording_best_f1"], aligned, settings, whole=whole)
    assert found["recording_best_f1"]["per_class"] == {"Dog": pytest.approx(2 / 3)}
