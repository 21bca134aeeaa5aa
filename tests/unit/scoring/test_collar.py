import dcase_util
import numpy as np
import pytest
import sed_eval
from hypothesis import given, settings

from sed_core.scoring.collar import collar_counts, collar_f1
from sed_core.scoring.decode import decode
from sed_core.scoring.events import make_events
from sed_core.scoring.ground_truth import GroundTruth
from tests.unit.scoring.random_cases import FRAME, as_rows, problems


def one_class(events, detections):
    truth = GroundTruth(["a"], np.array([10.0]), ["Cat"], make_events(*columns(events)))
    return truth, make_events(*columns(detections))


def columns(rows):
    return [0] * len(rows), [0] * len(rows), [r[0] for r in rows], [r[1] for r in rows]


def hits(events, detections, **options):
    truth, found = one_class(events, detections)
    return int(collar_counts(found, truth, **options).tp.sum())


def test_by_hand(truth, detections):
    score = collar_f1(detections, truth)
    assert score.per_class == pytest.approx({"Cat": 2 / 3, "Dog": 0.5, "Speech": 2 / 3})
    assert (score.macro, score.micro) == pytest.approx((11 / 18, 8 / 13))


def test_offsets_may_be_off_by_a_part_of_the_event():
    assert hits([(1, 6)], [(1.1, 6.9)]) == 1  # 20 % of 5 s
    assert hits([(1, 6)], [(1.1, 7.1)]) == 0
    assert hits([(1, 6)], [(1.3, 6)]) == 0
    assert hits([(1, 1.5)], [(1, 1.6)]) == 1
    assert hits([(1, 1.5)], [(1, 1.8)]) == 0


def test_exactly_200_ms_depends_on_the_convention():
    assert 7.2 - 7.0 > 0.2  # in floating point
    assert hits([(7, 8)], [(7.2, 8)]) == 0
    assert hits([(7, 8)], [(7.2, 8)], convention="sed_scores_eval") == 1


def test_matching_is_one_to_one_and_as_large_as_possible():
    assert hits([(1.0, 1.2), (1.25, 1.4)], [(1.1, 1.3)]) == 1
    # Greedy in order would give the first event the detection that only the second can have.
    assert hits([(1.0, 1.15), (1.18, 1.3)], [(0.9, 0.98), (1.05, 1.17)]) == 2


def test_a_class_without_events_is_undefined(truth, detections):
    only_dogs = GroundTruth(
        truth.filenames, truth.durations, truth.classes, truth.events[truth.events.label == 1]
    )
    score = collar_f1(detections, only_dogs)
    assert score.undefined == ["Cat", "Speech"]
    assert score.macro == pytest.approx(0.5)


@given(problems())
@settings(max_examples=25, deadline=None)
def test_f1_is_that_of_sed_eval(problem):
    truth = problem.truth
    events = decode(problem.scores, 0.4, frame_seconds=FRAME)
    judge = sed_eval.sound_event.EventBasedMetrics(
        truth.classes, t_collar=1.0, percentage_of_length=0.3, event_matching_type="optimal"
    )
    for name in truth.filenames:
        lists = [
            dcase_util.containers.MetaDataContainer(
                [row for row in as_rows(table, truth) if row["filename"] == name]
            )
            for table in (truth.events, events)
        ]
        judge.evaluate(*lists)
    ours = collar_f1(events, truth, collar=1.0, offset_part=0.3)
    for name, result in judge.results_class_wise_metrics().items():
        assert ours.per_class[name] == pytest.approx(
            np.nan_to_num(result["f_measure"]["f_measure"])
        )
    overall = judge.results_overall_metrics()["f_measure"]["f_measure"]
    assert ours.micro == pytest.approx(np.nan_to_num(overall))
