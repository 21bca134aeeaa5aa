import numpy as np
import pytest
from hypothesis import given, settings
from sed_scores_eval import segment_based
from sed_scores_eval.base_modules.scores import create_score_dataframe

from sed_core.runtime.errors import SedError
from sed_core.scoring.aligned_scores import align
from sed_core.scoring.auroc import roc_area, segment_auroc
from sed_core.scoring.decode import frame_times
from sed_core.scoring.frames import from_padded
from sed_core.scoring.settings import Settings
from tests.unit.scoring.random_cases import CLASSES, FRAME, N_FRAMES, as_rows, problems

RAW = Settings(median_window=1, eventless_clips="score")


def aligned_of(problem):
    scores = from_padded(
        problem.scores,
        filenames=problem.truth.filenames,
        classes=CLASSES,
        frame_seconds=FRAME,
    )
    return align(scores, problem.truth, eventless_clips="score")


def tables_of(problem):
    """Scores, events and durations as sed_scores_eval wants them."""
    truth, times = problem.truth, frame_times(np.arange(N_FRAMES + 1), FRAME)
    scores = {
        name: create_score_dataframe(values, times, CLASSES)
        for name, values in zip(truth.filenames, problem.scores, strict=True)
    }
    events = {name: [] for name in truth.filenames}
    for row in as_rows(truth.events, truth):
        # whole microseconds, as ours are: an event that ends on a border is not in the next segment
        times = round(row["onset"], 6), round(row["offset"], 6)
        events[row["filename"]].append((*times, row["event_label"]))
    return scores, events, dict(zip(truth.filenames, truth.durations, strict=True))


@given(problems())
@settings(max_examples=15, deadline=None)
def test_auroc_is_that_of_sed_scores_eval(problem):
    aligned, tables = aligned_of(problem), tables_of(problem)
    for segment, max_fpr in ((1.0, None), (1.0, 0.1), (0.7, 0.02)):
        theirs, _ = segment_based.auroc(*tables, segment_length=segment, max_fpr=max_fpr)
        ours = segment_auroc(aligned, RAW, segment=segment, max_fpr=max_fpr or 1.0)
        assert ours.per_class == pytest.approx({name: theirs[name] for name in CLASSES}, abs=1e-9)
        assert ours.value == pytest.approx(theirs["mean"], abs=1e-9)


def test_by_hand():
    scores = np.array([0.9, 0.8, 0.8, 0.1])
    assert roc_area(scores, np.array([True, True, False, False])) == pytest.approx(0.75)
    assert roc_area(scores, np.array([True, True, False, False]), 0.5) == pytest.approx(0.5)
    assert roc_area(scores, np.array([False, True, True, True])) == 0
    assert roc_area(scores, np.zeros(4, bool)) is None
    assert roc_area(scores, np.ones(4, bool)) is None


@given(problems())
@settings(max_examples=1, deadline=None)
def test_rates_that_make_no_sense_are_refused(problem):
    with pytest.raises(SedError, match="max_fpr 0; expected"):
        segment_auroc(aligned_of(problem), RAW, max_fpr=0)
