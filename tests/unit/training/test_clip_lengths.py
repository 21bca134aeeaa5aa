"""Labels and networks have equally many frames, whatever the length of the clips."""

from dataclasses import replace
from math import prod

import pytest
import torch
from torch import nn

from sed_core.data.labels import FrameGrid
from sed_core.features.logmel import MelSpectrogram
from sed_core.inference.predict import Predictor
from sed_core.training.fit import fit
from sed_core.training.training_job import TrainingJob
from tests.made_data import CLASSES, make_data, tiny_system

DEFAULT = {"n_fft": 2048, "hop": 256, "pooling": (2, 2)}
MINI = {"n_fft": 1024, "hop": 512, "pooling": (2,)}
LENGTHS = [
    *((DEFAULT, seconds) for seconds in (3, 6, 10, 30)),
    *((MINI, seconds) for seconds in (1, 3, 4, 6, 9, 12, 20, 30)),
]


@pytest.mark.parametrize(("feats", "seconds"), LENGTHS)
def test_the_front_end_and_the_poolings(feats, seconds):
    hop, pooling = feats["hop"], feats["pooling"]
    grid = FrameGrid(sample_rate=16000, hop_length=hop, pooling=prod(pooling), clip_seconds=seconds)
    mel = MelSpectrogram(n_fft=feats["n_fft"], win_length=feats["n_fft"], hop_length=hop, n_mels=1)
    frames = mel(torch.zeros(1, grid.n_samples))
    for factor in pooling:
        frames = nn.AvgPool1d(factor)(frames)
    assert frames.shape[-1] == grid.n_frames


@pytest.mark.parametrize(
    ("seconds", "feats"),
    [(0.5, {"hop_length": 128}), (1.1, {"hop_length": 160}), (3.0, {}), (0.7, {"hop_length": 512})],
)
def test_training_and_prediction(tmp_path, seconds, feats):
    """Every length but 10 s, nearly, once ended with labels of another size than the output."""
    system = tiny_system(
        feats=feats,
        training={"n_epochs": 1, "steps_per_epoch": 1},
        net={"pooling": [[3, 4], [1, 2], [1, 4]]} if not feats else {},
    )
    system = replace(system, dataset=replace(system.dataset, clip_seconds=seconds))
    data = make_data(tmp_path / "data", seconds=seconds)
    job = TrainingJob(system, data, 1, tmp_path / "checkpoints")
    networks = fit(job, log_folder=None, on_save=lambda: None).networks
    grid = FrameGrid.of(system)
    predictor = Predictor.from_checkpoint(networks, torch.device("cpu"))
    strong, _ = predictor(torch.zeros(1, grid.n_samples))["student"]
    assert strong.shape == (1, grid.n_frames, len(CLASSES))
