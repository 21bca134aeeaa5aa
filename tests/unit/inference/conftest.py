import numpy as np
import pytest

from sed_core.inference.predict import Predictor
from sed_core.inference.recordings import hear
from sed_core.models.checkpoint import Checkpoint
from sed_core.training.fit import fit
from sed_core.training.training_job import TrainingJob
from tests.made_data import make_data, tiny_system

SCALER = {"statistic": "dataset", "normtype": "standard"}


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def trained(data, tmp_path_factory) -> Checkpoint:
    """Networks of three steps, with a scaler fitted to the data set."""
    system = tiny_system(scaler=SCALER, training={"n_epochs": 1}, net={"attention_axis": "time"})
    job = TrainingJob(system, data, 1, tmp_path_factory.mktemp("checkpoints"))
    return fit(job, log_folder=None, on_save=lambda: None).networks


def heard(
    predictor: Predictor, samples: np.ndarray, *, network: str = "student", batch_size: int = 2
) -> np.ndarray:
    """(T, C) scores of a whole recording."""
    pieces = hear(predictor, [samples], network=network, batch_size=batch_size)
    return np.concatenate([piece.strong for piece in pieces])
