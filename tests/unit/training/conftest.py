from pathlib import Path

import pytest
import torch

from sed_core.training.fit import FitResult, fit
from sed_core.training.training_job import TrainingJob
from tests.made_data import make_data, tiny_system


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def plain(data, tmp_path_factory) -> tuple[FitResult, Path]:
    """The tiny system as it is, trained once with seed 1; and where its checkpoints are."""
    folder = tmp_path_factory.mktemp("plain")
    job = TrainingJob(tiny_system(), data, 1, folder)
    return fit(job, log_folder=None, on_save=lambda: None), folder


@pytest.fixture
def train(data, tmp_path):
    """Trains the tiny system with the given sections changed."""

    def run(*, seed: int = 1, name: str = "", **overrides) -> FitResult:
        job = TrainingJob(tiny_system(**overrides), data, seed, tmp_path / "checkpoints" / name)
        return fit(job, log_folder=None, on_save=lambda: None)

    return run
