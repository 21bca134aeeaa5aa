import json

import numpy as np
import pytest
from hypothesis import given, settings
from sed_scores_eval import intersection_based
from sed_scores_eval.base_modules.scores import create_score_dataframe

from sed_core.runtime.errors import SedError
from sed_core.scoring.decode import frame_times
from sed_core.scoring.evaluate import psds_of
from sed_core.scoring.psd_curves import psd_roc
from sed_core.scoring.scenarios import SCENARIOS, read_scenarios
from sed_core.scoring.spans import score_tree, spans_of_events
from sed_core.scoring.staircase import Roc, staircase
from tests.unit.scoring.conftest import table
from tests.unit.scoring.random_cases import CLASSES, FRAME, N_FRAMES, as_rows, problems


@given(problems())
@settings(max_examples=30, deadline=None)
def test_threshold_free_psds_is_that_of_sed_scores_eval(problem):
    truth = problem.truth
    times = frame_times(np.arange(N_FRAMES + 1), FRAME)
    scores = {
        name: create_score_dataframe(values, times, CLASSES)
        for name, values in zip(truth.filenames, problem.scores, strict=True)
    }
    events = {name: [] for name in truth.filenames}
    for row in as_rows(truth.events, truth):
        events[row["filename"]].append((row["onset"], row["offset"], row["event_label"]))
    tree = score_tree(problem.scores, frame_seconds=FRAME)
    for scenario in SCENARIOS.values():
        value, single, *_ = intersection_based.psds(
            scores,
            events,
            dict(zip(truth.filenames, truth.durations, strict=True)),
            dtc_threshold=scenario.dtc,
            gtc_threshold=scenario.gtc,
            cttc_threshold=scenario.cttc,
            alpha_ct=scenario.alpha_ct,
            alpha_st=scenario.alpha_st,
            unit_of_time="hour",
            max_efpr=scenario.max_efpr,
        )
        ours = psds_of(tree.at_every_score(), truth, scenario, "sed_scores_eval")
        assert ours.value == pytest.approx(value, abs=1e-9)
        assert ours.per_class == pytest.approx(single, abs=1e-9)


def test_psds_by_hand(truth, detections):
    """One point: Cat and Speech have false positives at 6 and 12 an hour (600 s of audio)."""
    score = psds_of(spans_of_events([detections], 3), truth, SCENARIOS["psds1"], "dcase2022")
    assert score.per_class == pytest.approx({"Cat": 0.94, "Dog": 1.0, "Speech": 0.88})
    assert score.class_mean == pytest.approx(0.94)
    # 0-6: (0, 1, 0); 6-12: (1, 1, 0); 12-100: all found. Mean minus standard deviation, not
    # below 0: 0, 0.1953, 1.
    expected = 0.06 * max(2 / 3 - np.sqrt(2) / 3, 0) + 0.88
    assert score.value == pytest.approx(expected)


def test_cross_triggers_cost_rate(truth):
    """One Cat detection inside a Dog event: 1 false positive and 1 cross-trigger."""
    found = table([("a.wav", 7.0, 8.0, "Cat"), ("b.wav", 6.0, 6.8, "Cat")])
    score = psds_of(spans_of_events([found], 3), truth, SCENARIOS["psds2"], "dcase2022")
    per_dog_hour = 3600 / (5 + 7.984)
    rate = 6 + 0.5 * per_dog_hour / 2
    assert rate > 75
    assert score.per_class["Cat"] == pytest.approx(1 - rate / 100)


def test_classes_without_events_take_no_part(truth):
    no_cat = truth.keep(np.array([True, False, True, True]))
    rows = [("a.wav", 1.1, 3.1, "Speech"), ("a.wav", 7.0, 8.0, "Cat")]
    rows += [("a.wav", 4.5, 9.0, "Dog"), ("b.wav", 2.0, 9.984, "Dog"), ("b.wav", 0, 1, "Speech")]
    score = psds_of(spans_of_events([table(rows)], 3), no_cat, SCENARIOS["psds1"], "dcase2022")
    assert score.undefined == ["Cat"]
    assert score.per_class["Cat"] is None
    assert score.class_mean == pytest.approx(np.mean([1.0, 1 - 3600 / 590 / 100]))


def test_staircase_takes_the_best_point_so_far():
    roc = staircase(np.array([5.0, 2.0, 5.0, 7.0, 200.0]), np.array([0.4, 0.3, 0.6, 0.5, 1.0]), 100)
    assert roc.efpr.tolist() == [0, 2, 5]
    assert roc.tpr.tolist() == [0, 0.3, 0.6]
    assert roc.at(np.array([0, 1.9, 2, 50])).tolist() == [0, 0, 0.3, 0.6]
    assert roc.area(100) == pytest.approx((3 * 0.3 + 95 * 0.6) / 100)


def test_spread_over_classes_is_penalised_and_never_negative():
    curves = [Roc(np.array([0.0]), np.array([1.0])), Roc(np.array([0.0, 50]), np.array([0, 1.0]))]
    roc = psd_roc(curves, 1.0)
    assert roc.efpr.tolist() == [0, 50]
    assert roc.tpr.tolist() == [0, 1]  # 0.5 - 0.5, then 1 - 0
    assert psd_roc(curves, 2.0).tpr.tolist() == [0, 1]


def test_scenarios_from_a_file(tmp_path):
    path = tmp_path / "scenarios.json"
    values = {"dtc": 0.5, "gtc": 0.5, "cttc": None, "alpha_ct": 0, "alpha_st": 0, "max_efpr": 50}
    path.write_text(json.dumps({"loose": values}))
    assert read_scenarios(path)["loose"].max_efpr == 50
    for wrong in ({"dtc": 0}, {"alpha_ct": 0.5}, {"max_efpr": 0}, {"typo": 1}):
        path.write_text(json.dumps({"loose": values | wrong}))
        with pytest.raises(SedError, match="loose"):
            read_scenarios(path)
