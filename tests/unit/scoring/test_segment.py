import dcase_util
import numpy as np
import pytest
import sed_eval
from hypothesis import given, settings

from sed_core.scoring.decode import decode
from sed_core.scoring.segment import segment_counts, segment_f1
from tests.unit.scoring.conftest import table
from tests.unit.scoring.random_cases import FRAME, as_rows, problems


def test_by_hand(truth, detections):
    counts = segment_counts(detections, truth)
    assert counts.tp.sum(0).tolist() == [1, 13, 5]
    assert counts.fp.sum(0).tolist() == [1, 0, 4]
    assert counts.ref.sum(0).tolist() == [1, 13, 5]
    score = segment_f1(detections, truth)
    assert score.macro == pytest.approx((2 / 3 + 1 + 10 / 14) / 3)


def test_two_events_in_one_segment_count_once(truth):
    found = table([("a.wav", 1.1, 1.3, "Speech"), ("a.wav", 1.5, 1.9, "Speech")])
    assert segment_counts(found, truth).sys.sum() == 1
    assert segment_counts(found, truth, segment=0.5).sys.sum() == 2


def test_conventions(truth):
    late = table([("a.wav", 9.5, 10.5, "Dog")])
    assert segment_counts(late, truth).sys.sum() == 2
    assert segment_counts(late, truth, convention="sed_scores_eval").sys.sum() == 1
    assert segment_f1(late, truth).undefined == ["Cat", "Speech"]
    assert segment_f1(late, truth, convention="sed_scores_eval").undefined == []


@given(problems())
@settings(max_examples=15, deadline=None)
def test_f1_is_that_of_sed_eval(problem):
    truth = problem.truth
    events = decode(problem.scores, 0.4, frame_seconds=FRAME)
    judge = sed_eval.sound_event.SegmentBasedMetrics(truth.classes, time_resolution=1.0)
    for name in truth.filenames:
        lists = [
            dcase_util.containers.MetaDataContainer(
                [row for row in as_rows(rows, truth) if row["filename"] == name]
            )
            for rows in (truth.events, events)
        ]
        judge.evaluate(*lists)
    ours = segment_f1(events, truth)
    for name, result in judge.results_class_wise_metrics().items():
        value = result["f_measure"]["f_measure"]
        assert (ours.per_class[name] is None) == np.isnan(value)
        assert np.isnan(value) or ours.per_class[name] == pytest.approx(value)
