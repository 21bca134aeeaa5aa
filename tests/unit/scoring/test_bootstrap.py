import numpy as np
import pytest

from sed_core.scoring.aligned_scores import align
from sed_core.scoring.bootstrap import bootstrap, compare, draws, interval, weighted_scores
from sed_core.scoring.evaluate import evaluate_scores
from sed_core.scoring.events import make_events
from sed_core.scoring.frames import from_padded
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.settings import Settings
from tests.unit.scoring.random_cases import CLASSES, FRAME, random_problem

SETTINGS = Settings(median_window=1, n_thresholds=5)


def system(problem, shift=0.0):
    strong = (problem.scores - shift).astype(np.float32)
    return align(scores_of(strong, problem.truth.filenames), problem.truth)


def scores_of(strong, names):
    return from_padded(strong, filenames=names, classes=CLASSES, frame_seconds=FRAME)


def repeated(paired, weight):
    """The data set in which clips really are there several times."""
    rows = np.repeat(np.arange(len(weight)), weight)
    truth = paired.truth
    parts = [
        (np.full((truth.events.clip == row).sum(), new), truth.events[truth.events.clip == row])
        for new, row in enumerate(rows)
    ]
    events = make_events(
        np.concatenate([clip for clip, _ in parts]),
        *(np.concatenate([getattr(e, n) for _, e in parts]) for n in ("label", "onset", "offset")),
    )
    names = [f"{index:02}.wav" for index in range(len(rows))]
    scores = paired.scores
    length = int(scores.n_frames[0])
    slots = scores.first[rows][:, None] + np.arange(length)
    strong = np.stack([line[slots] for line in scores.lines], axis=2)
    return align(
        scores_of(strong, names), GroundTruth(names, truth.durations[rows], CLASSES, events)
    )


def statistics(paired):
    return evaluate_scores(paired, SETTINGS, resampling=True).statistics


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weight", [(1, 1, 1), (2, 0, 3), (0, 0, 2)])
def test_a_weighted_score_is_the_score_of_repeated_clips(seed, weight):
    paired = system(random_problem(seed))
    values = weighted_scores(statistics(paired), np.array(weight, float))
    metrics = evaluate_scores(repeated(paired, weight), SETTINGS).metrics
    for name in ("psds1", "psds2"):
        for scale in ("exact", "dcase2022"):
            assert values[f"{name}_{scale}"] == pytest.approx(metrics[name][scale]["value"])
    for name in ("intersection_f1", "collar_f1", "segment_f1"):
        assert values[name] == pytest.approx(metrics[name]["macro"])


def test_draws_are_whole_data_sets_and_repeatable():
    first, again = list(draws(5, 20, 3)), list(draws(5, 20, 3))
    np.testing.assert_array_equal(first, again)
    assert {float(weight.sum()) for weight in first} == {5.0}
    assert not np.array_equal(first, list(draws(5, 20, 4)))


def test_intervals_hold_the_middle():
    assert interval(np.arange(101.0), 0.9) == pytest.approx((5, 95))


def test_a_system_equals_itself_and_differs_from_a_worse_one():
    problem = random_problem(1)
    good = GroundTruth(problem.truth.filenames, np.full(3, 6.0), CLASSES, problem.truth.events)
    times = (np.arange(problem.scores.shape[1]) + 0.5) * FRAME
    hits = np.zeros(problem.scores.shape)
    events = good.events
    for clip, label, on, off in zip(
        events.clip, events.label, events.onset, events.offset, strict=True
    ):
        hits[clip, (times > on) & (times < off), label] = 0.9
    problem.scores, problem.truth = hits, good
    right = bootstrap(statistics(system(problem)), n_bootstrap=40)
    wrong = bootstrap(statistics(system(problem, shift=0.6)), n_bootstrap=40)
    same = compare(right, right)["segment_f1"]
    assert (same.difference, same.low, same.high, same.p) == (0, 0, 0, 1)
    better = compare(right, wrong)["segment_f1"]
    assert better.low > 0
    assert better.p == pytest.approx(2 / 41)
    # The order of the scores is the same, so the threshold-free figures are.
    assert compare(right, wrong)["psds2_exact"].difference == pytest.approx(0)
