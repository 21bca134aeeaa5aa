"""Tuning sees validation data only, and every variant has its own row."""

import pytest

from tests.workflow_runner import Clone

MINI = ["configs/mini.yaml"]


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Clone:
    return Clone.make(tmp_path_factory.mktemp("clone"), MINI, own_code=False)


def plan(clone: Clone, target: str) -> str:
    done = clone.run("--dry-run", target)
    assert done.returncode == 0, done.stdout
    return done.stdout.partition("Building DAG")[2]


def test_no_path_leads_from_reported_data_to_the_choice(clone):
    jobs = plan(clone, "results/mini/crnn+sebbs/seed42/postprocessing.json")
    assert "synth_val_scores.h5" in jobs
    assert "rule train:" in jobs
    assert "devtest" not in jobs
    assert "eval21" not in jobs
    assert "eval_" not in jobs


def test_tuning_on_reported_data_is_one_sentence(clone):
    change = {"postprocessing": {"sebbs": {"tune_on": "devtest"}}}
    done = clone.override("cheat.yaml", change).run("--dry-run")
    assert done.returncode != 0
    assert "postprocessing.sebbs: tune_on is 'devtest', which crnn is evaluated on" in done.stdout
    assert "Traceback" not in done.stdout


def test_an_ensemble_and_its_variants_are_rows_like_any_other(clone):
    change = {
        "ensembles": {"both": ["crnn", "crnn_strong"]},
        "postprocessing": {"cw-median": {"systems": ["both"]}},
        "targets": ["both"],
    }
    both = clone.override("both.yaml", change)
    jobs = plan(both, "all")
    for rule in ("ensemble", "ensemble_energy", "tune", "postprocess", "score", "aggregate"):
        assert f"rule {rule}:" in jobs
    assert "results/mini/both+cw-median/devtest_psds.json" in jobs
    assert "results/mini/both/plots/roc.svg" in jobs
    assert "audio16k/strong.h5" in jobs  # of its second member
    assert (
        "there is no system 'crn+sebbs'" in both.run("-n", "results/mini/crn+sebbs/x.json").stdout
    )
