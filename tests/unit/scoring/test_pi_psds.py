import pytest
from hypothesis import given, settings
from sed_scores_eval import intersection_based

from sed_core.runtime.errors import SedError
from sed_core.scoring.pi_psds import pi_psds
from sed_core.scoring.scenarios import SCENARIOS
from tests.unit.scoring.random_cases import CLASSES, problems, random_problem
from tests.unit.scoring.test_auroc import aligned_of, tables_of

WINDOWS = [1, 3, 5]


@given(problems())
@settings(max_examples=8, deadline=None)
def test_pi_psds_is_that_of_sed_scores_eval(problem):
    aligned = aligned_of(problem)
    scores, events, durations = tables_of(problem)
    processed = []
    for window in WINDOWS:
        tables = {name: table.copy() for name, table in scores.items()}
        for label, name in enumerate(CLASSES):
            line = aligned.scores.filtered(label, window)
            for clip, file in enumerate(aligned.scores.filenames):
                first, length = aligned.scores.first[clip], aligned.scores.n_frames[clip]
                tables[file][name] = line[first : first + length]
        processed.append(tables)
    for scenario in SCENARIOS.values():
        value, single, *_ = intersection_based.postprocessing_independent_psds(
            scores,
            events,
            durations,
            postprocessing_functions=None,
            scores_processed=processed,
            dtc_threshold=scenario.dtc,
            gtc_threshold=scenario.gtc,
            cttc_threshold=scenario.cttc,
            alpha_ct=scenario.alpha_ct,
            alpha_st=scenario.alpha_st,
            max_efpr=scenario.max_efpr,
            num_jobs=3,
        )
        ours = pi_psds(aligned, scenario, WINDOWS)
        assert ours.value == pytest.approx(value, abs=1e-6)
        assert ours.per_class == pytest.approx(single, abs=1e-6)


def test_windows_are_counts_of_frames():
    with pytest.raises(SedError, match=r"windows are \[0\]"):
        pi_psds(aligned_of(random_problem(1)), SCENARIOS["psds1"], [0])
