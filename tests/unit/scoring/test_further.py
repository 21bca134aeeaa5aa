"""Metrics that a configuration asks for by name."""

from typing import get_args, get_type_hints

import pytest

from sed_core.config.jobs import Scoring
from sed_core.runtime.errors import SedError
from sed_core.scoring.auroc import segment_auroc
from sed_core.scoring.evaluate import evaluate_scores
from sed_core.scoring.further import FURTHER, PI_WINDOWS, further_metrics
from sed_core.scoring.psds import SCENARIOS
from sed_core.scoring.settings import Settings
from tests.unit.scoring.random_cases import random_problem
from tests.unit.scoring.test_auroc import aligned_of


def test_names_are_those_of_the_configuration():
    (choice,) = get_args(get_type_hints(Scoring)["further"])
    assert list(get_args(choice)) == list(FURTHER)


def test_each_is_its_metric():
    aligned, settings = aligned_of(random_problem(5)), Settings(median_window=3)
    found = further_metrics(list(FURTHER), aligned, settings)
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
