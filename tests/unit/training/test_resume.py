"""Going on: after kill -9, after SIGTERM, from a given checkpoint."""

import os
import signal
import sys
import time
from multiprocessing.context import ForkProcess

import pytest
import torch

from sed_core.models.checkpoint import load_checkpoint, save_checkpoint
from sed_core.runtime.cli import run
from sed_core.runtime.errors import SedError
from tests.made_checkpoint import save_lightning
from tests.made_data import write_system
from workflow_scripts.train import main as train_main

RESULTS = ("model.pt", "history.csv", "provenance.json")
OPTIONS = {
    "training": {
        "n_epochs": 3,
        "steps_per_epoch": 40,
        "objective": "psds",
        "judged_network": "teacher",
    },
    "scaler": {"statistic": "dataset", "normtype": "standard"},
    "data": {"weak_split": 0.5},
    "opt": {
        "optimizer": "adamw",
        "weight_decay": 0.01,
        "schedule": {"name": "linear_cosine", "warmup_steps": 50},
    },
}


class Command:
    """The script as a rule calls it, in a folder of its own.

    Runs in a fork of this process, which has loaded all libraries.
    """

    def __init__(self, folder, data, /, **sections):
        self.folder = folder
        folder.mkdir()
        write_system(folder / "system.json", **(sections or OPTIONS))
        paths = {
            "system": "system.json", "checkpoints": "checkpoints", "model": "model.pt",
            "history": "history.csv", "provenance": "provenance.json",
            "energy": "training.energy.json", "kwh": "cc/training_tot_kwh.txt",
        }  # fmt: skip
        self.words = [f"--{name}={folder / path}" for name, path in paths.items()]
        self.words += [f"--data={data}", "--seed=1", "--gpus=0"]

    def start(self) -> ForkProcess:
        process = ForkProcess(target=self._run)
        process.start()
        return process

    def _run(self) -> None:
        errors = (self.folder / "errors").open("w")
        os.dup2(errors.fileno(), 2)
        sys.stderr = errors
        run(lambda: train_main(self.words))

    def errors(self) -> str:
        return (self.folder / "errors").read_text()

    def results(self) -> dict[str, bytes]:
        return {name: (self.folder / name).read_bytes() for name in RESULTS}

    def saved(self) -> float:
        """When the last checkpoint was written; 0 before the first."""
        return max(
            (p.stat().st_mtime for p in self.folder.glob("checkpoints/*/last.ckpt")), default=0
        )


def interrupt(job: Command, number: signal.Signals) -> int | None:
    """Send a signal in the middle of the epoch after the next checkpoint; its exit code."""
    before, process = job.saved(), job.start()
    while job.saved() == before:
        assert process.is_alive(), job.errors()
        time.sleep(0.02)
    time.sleep(0.1)
    os.kill(process.pid, number)
    process.join()
    assert not (job.folder / "model.pt").exists()
    return process.exitcode


def test_interrupted_twice_equals_undisturbed(data, tmp_path):
    undisturbed, job = Command(tmp_path / "one", data), Command(tmp_path / "two", data)
    assert interrupt(job, signal.SIGKILL) == -signal.SIGKILL
    assert interrupt(job, signal.SIGTERM) == 1
    assert "training was asked to stop and did so at step" in job.errors()
    steps = int(job.errors().split("at step ")[1].split(";")[0])
    assert 80 < steps < 120  # in the middle of the third epoch, not at its border
    for command in (undisturbed, job):
        process = command.start()
        process.join()
        assert process.exitcode == 0, command.errors()
    assert undisturbed.results() == job.results()


@pytest.fixture
def trained(plain, tmp_path):
    save_checkpoint(tmp_path / "model.pt", plain[0].networks)
    save_lightning(tmp_path / "public.ckpt", plain[0].networks)


@pytest.mark.parametrize("name", ["model.pt", "public.ckpt"])
def test_networks_of_another_training(train, trained, tmp_path, name):
    """At no learning rate the student stays what was given."""
    given = {"resume_from": str(tmp_path / name), "n_epochs": 1}
    outcome = train(name="second", training=given, opt={"lr": 1e-30}, seed=9)
    for key, value in load_checkpoint(tmp_path / name).student.items():
        if "running" not in key and "tracked" not in key:
            assert torch.equal(outcome.networks.student[key], value), key
    assert outcome.history[0]["step"] == 3


def test_the_last_checkpoint_brings_optimiser_and_position(train, tmp_path):
    scaler = OPTIONS["scaler"]
    train(name="first", scaler=scaler)
    (last,) = (tmp_path / "checkpoints/first").glob("*/last.ckpt")
    given = {"n_epochs": 4, "resume_from": str(last)}
    longer = train(name="longer", training=given, scaler=scaler)
    whole = train(name="whole", training={"n_epochs": 4}, scaler=scaler)
    assert longer.history == whole.history
    for key, value in whole.networks.student.items():
        assert torch.equal(longer.networks.student[key], value)


def test_a_crash_after_the_last_epoch_trains_no_further(train, capsys):
    """Early stopping decided; the run ended before its result was written."""
    options = {"training": {"n_epochs": 6, "early_stop_patience": 1}, "opt": {"lr": 1e-30}}
    first = train(name="stopped", **options)
    assert "stopped early" in capsys.readouterr().out.splitlines()[-1]
    again = train(name="stopped", **options)
    assert 2 <= len(first.history) < 6
    assert again.history == first.history
    assert again.selected == first.selected


@pytest.mark.parametrize(
    ("name", "net", "why"),
    [
        ("model.pt", {"n_RNN_cell": 8}, "size mismatch"),
        ("last.ckpt", {"n_RNN_cell": 8}, r"\S+ is \(\d.*\) there and \(\d.*\) here"),
        ("last.ckpt", {"rnn_layers": 1}, r"\S+l1\S* is \(\d.*\) there and no tensor here"),
    ],
)
def test_networks_of_another_shape_are_refused(train, plain, trained, tmp_path, name, net, why):
    (last,) = plain[1].glob("*/last.ckpt")
    given = {"resume_from": str(last if name == "last.ckpt" else tmp_path / name)}
    with pytest.raises(SedError, match=rf"{name} do not fit section 'net' \({why}") as error:
        train(name="second", training=given, net=net)
    assert "\n" not in str(error.value)


def test_an_optimiser_of_other_weights_is_refused(train, plain):
    (last,) = plain[1].glob("*/last.ckpt")
    given = {"training": {"resume_from": str(last)}, "net": {"train_cnn": False}}
    with pytest.raises(
        SedError, match=r"the optimiser in .*last\.ckpt does not go with this system"
    ):
        train(name="second", **given)


@pytest.mark.parametrize(
    "content", [[1, 2], {"state_dict": 5}, {"state_dict": {"student.dense.bias": 1}}]
)
def test_files_that_hold_no_training(train, tmp_path, content):
    torch.save(content, tmp_path / "x.pt")
    with pytest.raises(SedError, match=r"x\.pt"):
        train(training={"resume_from": str(tmp_path / "x.pt")})
