"""Several processes that share each batch, on the CPU through gloo."""

import csv
import fcntl
import os
import subprocess
import sys

import pytest

from sed_core.models.checkpoint import load_checkpoint
from sed_core.runtime.device import claim_gpus
from sed_core.runtime.errors import SedError
from sed_core.training.fit import fit
from sed_core.training.training_job import TrainingJob
from tests.made_data import ROOT, tiny_system
from tests.unit.training.test_resume import OPTIONS, Command

SAME = {  # what makes a shared batch the same computation as a whole one
    **OPTIONS,
    "training": {"n_epochs": 2, "steps_per_epoch": 6, "mixup": None, "batch_size": [2, 2, 4]},
    "net": {"dropout": 0.0, "freeze_bn": True},
}


def rows(path) -> list[dict[str, float]]:
    with path.open() as stream:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(stream)]


ABSENT = {  # by choice: strong and unlabelled clips only
    **SAME,
    "training": {**SAME["training"], "n_epochs": 1, "batch_size": [2, 0, 4]},
    "data": {"weak": None},
}


@pytest.mark.parametrize("sections", [SAME, ABSENT], ids=["all parts", "no weak clips"])
def test_two_processes_train_as_one(data, tmp_path, sections):
    alone = TrainingJob(tiny_system(**sections), data, 1, tmp_path / "alone")
    alone = fit(alone, log_folder=None, on_save=lambda: None)
    job = Command(tmp_path / "two", data, **sections)
    done = subprocess.run(
        [sys.executable, "workflow_scripts/train.py", *job.words, "--devices=2"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")  # nor a word on Lightning's own affairs
    shared = rows(job.folder / "history.csv")
    assert len(alone.history) == len(shared) == sections["training"]["n_epochs"]
    for expected, found in zip(alone.history, shared, strict=True):
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)
    student = load_checkpoint(job.folder / "model.pt").student
    for key, value in alone.networks.student.items():
        assert (value - student[key]).abs().max() < 1e-4, key
    assert len(list(job.folder.glob("checkpoints/*/energy-training-*.json"))) == 1


def test_sizes_that_cannot_be_shared(data, tmp_path):
    job = TrainingJob(tiny_system(training={"batch_size": [2, 3, 2]}), data, 1, tmp_path, devices=2)
    with pytest.raises(SedError, match="the weak part of a batch has 3 clips, which 2 devices"):
        fit(job, log_folder=None, on_save=lambda: None)


def test_a_helper_process_takes_the_gpus_that_its_job_holds(monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    with (tmp_path / "gpu-3.lock").open("w") as held:  # as the first process does
        fcntl.flock(held, fcntl.LOCK_EX)
        monkeypatch.setenv("LOCAL_RANK", "1")
        assert claim_gpus(2, folder=tmp_path) == ["3", "5"]
