"""A search over keys: what it tries, what it keeps, and going on after an interruption."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from sed_core.config.training_search import SearchJob
from sed_core.reporting.search_results import best_of, records, search_plot, search_table
from sed_core.runtime.errors import SedError
from sed_core.training import search as module
from sed_core.training.search import search
from tests.made_data import system_dict

LR = {"low": 1e-4, "high": 1e-2, "log": True}
JOB = SearchJob(
    system="tiny",
    trained=system_dict(),
    override={},
    keys={
        "opt.lr": LR,
        "net.dropout": {"choices": [0.0, 0.5]},
        "training.n_epochs_warmup": {"low": 1, "high": 3},
    },
    trials=6,
    seed=3,
    training_seed=1,
    min_coverage=0.0,
)


@pytest.fixture
def trained(monkeypatch):
    """Instead of trainings: the objective falls with the distance of the rate from 0.001."""
    jobs = []

    def fit(job, **_):
        jobs.append(job)
        if len(jobs) == trained.interrupted:
            raise KeyboardInterrupt
        objective = 1 - abs(job.system.opt.lr - 0.001)
        return SimpleNamespace(selected={"epoch": 1, "objective": objective})

    def trained():
        return jobs

    trained.interrupted = None
    monkeypatch.setattr(module, "fit", fit)
    return trained


def test_a_search_is_the_same_after_an_interruption(trained, data, tmp_path):
    whole = search(JOB, data=data, checkpoints=tmp_path / "whole")
    assert [trial.number for trial in whole] == list(range(6))
    assert {job.seed for job in trained()} == {1}
    trained.interrupted = 6 + 3
    with pytest.raises(KeyboardInterrupt):
        search(JOB, data=data, checkpoints=tmp_path / "parts")
    parts = search(JOB, data=data, checkpoints=tmp_path / "parts")
    assert [trial.values for trial in parts] == [trial.values for trial in whole]
    assert [trial.objective for trial in parts] == [trial.objective for trial in whole]
    again = trained()[6 + 2 : 6 + 4]  # the interrupted training and its repetition
    assert again[0].system == again[1].system
    assert again[0].checkpoint == again[1].checkpoint
    assert len(trained()) == 6 + 7


def test_more_trials_go_on_from_those_that_are_there(trained, data, tmp_path):
    few = search(replace(JOB, trials=2), data=data, checkpoints=tmp_path)
    more = search(replace(JOB, trials=4), data=data, checkpoints=tmp_path)
    assert more[:2] == few
    assert len(trained()) == 4


def test_values_stay_in_their_bounds(trained, data, tmp_path):
    for trial in search(JOB, data=data, checkpoints=tmp_path):
        assert 1e-4 <= trial.values["opt.lr"] <= 1e-2
        assert trial.values["net.dropout"] in (0.0, 0.5)
        assert trial.values["training.n_epochs_warmup"] in (1, 2, 3)


def test_a_search_trains(data, tmp_path):
    """Without the stand-in: two trainings whose objectives are those of their validation."""
    told = []
    trials = search(replace(JOB, trials=2), data=data, checkpoints=tmp_path, say=told.append)
    assert told == trials
    assert all(0 <= trial.objective <= 2 for trial in trials)
    assert not list(tmp_path.rglob("*.ckpt")), "checkpoints of finished trials are removed"


def test_the_best_stands_first(trained, data, tmp_path):
    trials = search(JOB, data=data, checkpoints=tmp_path)
    table = search_table(trials, system="tiny")
    assert table.rows[0][0] == str(best_of(trials).number)
    assert [record["objective"] for record in records(trials)] == [t.objective for t in trials]
    assert len(search_plot(trials, system="tiny").axes) == 4


def test_what_cannot_be_trained_names_the_trial(monkeypatch, data, tmp_path):
    def fit(job, **_):
        raise SedError("it does not fit")

    monkeypatch.setattr(module, "fit", fit)
    with pytest.raises(SedError, match=r"trial 0 \(opt.lr .*, net.dropout .*\): it does not fit"):
        search(JOB, data=data, checkpoints=tmp_path)
