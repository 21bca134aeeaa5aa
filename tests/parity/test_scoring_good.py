"""Frame scores of 1,168 clips: values of sed_scores_eval, psds_eval and sed_eval.

The reference decoded with times k * 0.064, not rounded; a 2022 system (and `decode`) gives the
nearest floating-point number to the decimal. Where a criterion is met exactly, psds_eval and
sed_eval decide by that difference, so their values are held with such times.
"""

from dataclasses import replace

import numpy as np
import pytest

from sed_core.scoring.collar import collar_f1
from sed_core.scoring.decode import decode, operating_points
from sed_core.scoring.evaluate import psds_of
from sed_core.scoring.events import make_events
from sed_core.scoring.intersection import intersection_f1
from sed_core.scoring.scenarios import SCENARIOS
from sed_core.scoring.segment import segment_f1
from sed_core.scoring.spans import score_tree
from tests.parity.scoring_data import clip_numbers, devtest_truth, read_oracle
from tests.parity.subset import Arrays

TOLERANCE = 1e-5
HOP = 0.064
FOLDER = "scoring/scores_good"


@pytest.fixture(scope="module")
def good(reference_file):
    return Arrays(reference_file(f"{FOLDER}/good.npz"))


@pytest.fixture(scope="module")
def scores(good):
    return good["filtered"] / good["denominator"]


@pytest.fixture(scope="module")
def truth(reference_file, good):
    return devtest_truth(reference_file, good["classes"].tolist())


@pytest.fixture(scope="module")
def tree(scores, truth, good):
    return score_tree(scores, frame_seconds=HOP, clips=clip_numbers(truth, good["clips"]))


@pytest.fixture(scope="module")
def raw_tree(tree, scores):
    times = np.tile(np.arange(scores.shape[1] + 1) * HOP, len(scores))
    return replace(tree, edge_time=times)


@pytest.fixture(scope="module")
def events(scores, truth, good):
    found = decode(scores, 0.5, frame_seconds=HOP)
    clips = clip_numbers(truth, good["clips"])
    return make_events(clips[found.clip], found.label, found.onset, found.offset)


@pytest.fixture(scope="module")
def raw_events(events):
    onset, offset = (np.rint(times / HOP) * HOP for times in (events.onset, events.offset))
    return replace(events, onset=onset, offset=offset)


@pytest.fixture(scope="module")
def oracle(reference_file):
    return read_oracle(reference_file(f"{FOLDER}/oracle_good.json"))


@pytest.fixture(scope="module")
def gaps(reference_file):
    return read_oracle(reference_file(f"{FOLDER}/gaps_at_0.5.json"))["cases"]["good"]


@pytest.mark.parametrize("name", ["psds1", "psds2"])
def test_threshold_free_psds_is_that_of_sed_scores_eval(name, tree, truth, oracle):
    score = psds_of(tree.at_every_score(), truth, SCENARIOS[name], "sed_scores_eval")
    expected = oracle["sed_scores_eval"][name]
    assert score.value == pytest.approx(expected["psds"], abs=TOLERANCE)
    assert score.per_class == pytest.approx(expected["class_wise"], abs=TOLERANCE)


@pytest.mark.parametrize("n_thresholds", [50, 1000])
@pytest.mark.parametrize("name", ["psds1", "psds2"])
def test_psds_at_thresholds_is_that_of_psds_eval(
    name, n_thresholds, raw_tree, truth, oracle, reference_file
):
    if n_thresholds == 1000:
        oracle = read_oracle(reference_file(f"{FOLDER}/oracle_good_1000.json"))
    expected = oracle[f"psds_eval_{n_thresholds}"][name]
    spans = raw_tree.at_thresholds(operating_points(n_thresholds))
    score = psds_of(spans, truth, SCENARIOS[name], "dcase2022")
    assert score.value == pytest.approx(expected["psds"], abs=TOLERANCE)
    assert score.class_mean == pytest.approx(expected["psds_alpha_st_0"], abs=TOLERANCE)
    assert score.per_class == pytest.approx(expected["class_wise"], abs=TOLERANCE)


def test_numbers_of_events_at_the_thresholds(raw_tree, oracle):
    spans = raw_tree.at_thresholds(operating_points(50))
    present = np.bincount(spans.born, minlength=51) - np.bincount(spans.died, minlength=51)
    counts = np.cumsum(present)[:50][::-1]
    expected = oracle["psds_eval_50"]
    assert counts.sum() == expected["n_detections_total"]
    assert [counts[0], counts[25], counts[-1]] == expected["n_detections_first_mid_last"]


def test_f1_of_2022_is_that_of_psds_eval_and_sed_eval(raw_events, truth, oracle):
    for f1, key in (
        (intersection_f1, "intersection_f1"),
        (collar_f1, "event_based"),
        (segment_f1, "segment_based"),
    ):
        score, expected = f1(raw_events, truth), oracle["at_0.5"][key]
        assert score.macro == pytest.approx(expected["macro_f1"], abs=TOLERANCE)
        assert score.per_class == pytest.approx(expected["class_wise"], abs=TOLERANCE)


def test_f1_of_sed_scores_eval(events, truth, oracle):
    for name, f1 in (
        ("intersection_f1", intersection_f1),
        ("collar_f1", collar_f1),
        ("segment_f1", segment_f1),
    ):
        score = f1(events, truth, convention="sed_scores_eval")
        expected = oracle["sed_scores_eval"][name]
        assert score.macro == pytest.approx(expected["macro_f1"], abs=TOLERANCE)
        assert score.micro == pytest.approx(expected["micro_f1"], abs=TOLERANCE)
        assert score.per_class == pytest.approx(expected["class_wise"], abs=TOLERANCE)


def test_rounded_times_change_the_strict_collar_as_the_reference_found(
    events, raw_events, truth, gaps
):
    assert collar_f1(raw_events, truth).macro == pytest.approx(
        gaps["sed_eval_event_macro_f1"], abs=TOLERANCE
    )
    assert collar_f1(events, truth).macro == pytest.approx(
        gaps["sed_eval_event_macro_f1_times_rounded_6"], abs=TOLERANCE
    )
    forgiving = collar_f1(raw_events, truth, convention="sed_scores_eval").macro
    assert forgiving == pytest.approx(
        gaps["sed_eval_event_macro_f1_collar_plus_1e-9"], abs=TOLERANCE
    )
