import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from psds_eval import PSDSEval

from sed_core.scoring.decode import decode, decode_many
from sed_core.scoring.evaluate import psds_of
from sed_core.scoring.events import make_events
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.intersection import intersection_counts, intersection_f1
from sed_core.scoring.scenarios import SCENARIOS
from sed_core.scoring.spans import score_tree, spans_of_events
from tests.unit.scoring.conftest import table
from tests.unit.scoring.random_cases import FRAME, as_rows, problems


def psds_eval(truth, *, dtc, gtc, cttc):
    durations = pd.DataFrame({"filename": truth.filenames, "duration": truth.durations})
    events = pd.DataFrame(as_rows(truth.events, truth))
    return PSDSEval(dtc, gtc, cttc, ground_truth=events, metadata=durations)


def as_table(events, truth):
    columns = ["filename", "event_label", "onset", "offset"]
    return pd.DataFrame(as_rows(events, truth), columns=columns)


def test_f1_by_hand(truth, detections):
    # Cat: one found, one wrong; Dog: both found; Speech: both found, two wrong.
    counts = intersection_counts(detections, truth, dtc=0.5, gtc=0.5)
    assert counts.tp.sum(0).tolist() == [1, 2, 2]
    assert counts.fp.sum(0).tolist() == [1, 0, 2]
    assert counts.tp[0].tolist() == [0, 1, 1]
    score = intersection_f1(detections, truth)
    assert score.per_class == pytest.approx({"Cat": 2 / 3, "Dog": 1.0, "Speech": 2 / 3})
    assert score.macro == pytest.approx(7 / 9)
    assert score.micro == pytest.approx(10 / 13)


def test_conventions_on_a_class_without_hit(truth, detections):
    no_cat = detections[detections.label != 0]
    published = intersection_f1(no_cat, truth)
    assert (published.undefined, published.per_class["Cat"]) == (["Cat"], None)
    assert published.macro == pytest.approx((1 + 2 / 3) / 2)
    strict = intersection_f1(no_cat, truth, convention="sed_scores_eval")
    assert (strict.undefined, strict.per_class["Cat"]) == ([], 0)
    assert strict.macro == pytest.approx((1 + 2 / 3) / 3)


def test_detections_after_the_clip_end(truth):
    late = table([("a.wav", 10.0, 11.0, "Cat"), ("a.wav", 9.9, 11.0, "Dog")])
    assert intersection_counts(late, truth, dtc=0.5, gtc=0.5).fp.sum(0).tolist() == [0, 1, 0]
    counts = intersection_counts(late, truth, dtc=0.5, gtc=0.5, convention="sed_scores_eval")
    assert counts.fp.sum(0).tolist() == [1, 1, 0]


def test_nothing_detected_is_zero(truth):
    score = intersection_f1(table([]), truth)
    assert (score.macro, score.micro, len(score.undefined)) == (0, 0, 3)


def test_several_detections_cover_an_event_together(truth):
    parts = table([("a.wav", 4.0, 5.5, "Dog"), ("a.wav", 6.0, 7.2, "Dog")])  # 2.7 of 5 s
    assert intersection_counts(parts, truth, dtc=0.5, gtc=0.54).tp.sum() == 1
    assert intersection_counts(parts, truth, dtc=0.5, gtc=0.55).tp.sum() == 0


def test_one_detection_covers_several_events():
    events = make_events([0, 0], [0, 0], [1, 3], [2, 4])
    truth = GroundTruth(["a.wav"], np.array([10.0]), ["Cat"], events)
    wide = make_events([0], [0], [1], [4])  # 2 of its 3 s are right
    counts = intersection_counts(wide, truth, dtc=0.66, gtc=1.0)
    assert (counts.tp.sum(), counts.fp.sum()) == (2, 0)
    counts = intersection_counts(wide, truth, dtc=0.67, gtc=1.0)
    assert (counts.tp.sum(), counts.fp.sum()) == (0, 1)


@given(problems())
@settings(max_examples=10, deadline=None)
def test_f1_is_that_of_psds_eval(problem):
    truth = problem.truth
    events = decode(problem.scores, 0.4, frame_seconds=FRAME)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        macro, classes = psds_eval(truth, dtc=0.5, gtc=0.5, cttc=0.3).compute_macro_f_score(
            as_table(events, truth)
        )
    ours = intersection_f1(events, truth)
    assert ours.macro == pytest.approx(np.nan_to_num(macro))
    for name, value in classes.items():
        assert (ours.per_class[name] is None) == np.isnan(value)
        assert np.isnan(value) or ours.per_class[name] == pytest.approx(value)


@given(problems())
@settings(max_examples=4, deadline=None)
def test_psds_at_thresholds_is_that_of_psds_eval(problem):
    truth, thresholds = problem.truth, [0.2, 0.5, 0.8]
    tables = decode_many(problem.scores, thresholds, frame_seconds=FRAME)
    tree = score_tree(problem.scores, frame_seconds=FRAME)
    for scenario in SCENARIOS.values():
        judge = psds_eval(truth, dtc=scenario.dtc, gtc=scenario.gtc, cttc=scenario.cttc or 0.3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for events in tables:
                judge.add_operating_point(as_table(events, truth))
            expected = judge.psds(scenario.alpha_ct, scenario.alpha_st, scenario.max_efpr).value
        for spans in (spans_of_events(tables, 3), tree.at_thresholds(np.array(thresholds))):
            score = psds_of(spans, truth, scenario, "dcase2022")
            assert score.value == pytest.approx(expected, abs=1e-9)
