"""A registered network needs no line elsewhere: it trains, resumes, is read, predicts, exports."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from sed_core.config.key import key as declare
from sed_core.config.network_sections import NETWORKS, Network
from sed_core.config.systems import systems as complete_systems
from sed_core.inference.predict import Predictor
from sed_core.inference.recordings import load_predictor
from sed_core.models import network_registry
from sed_core.models.checkpoint import load_checkpoint, save_checkpoint
from sed_core.runtime.errors import SedError
from sed_core.training.initial_weights import starting_point
from sed_core.training.mean_teacher import MeanTeacher
from tests.made_checkpoint import save_lightning
from tests.made_data import tiny_system

ROOT = Path(__file__).resolve().parents[3]
NET = {"model": "bands", "width": 6, "pools": 4}


@dataclass(frozen=True)
class BandsSection(Network):
    width: int = declare(6, minimum=1)
    pools: int = declare(4, minimum=1)

    @staticmethod
    def time_pooling(net: Mapping[str, Any]) -> int:
        return net["pools"]


class Bands(nn.Module):
    """Averages over time, then looks at each frame alone."""

    def __init__(self, pooling: int, width: int, n_classes: int) -> None:
        super().__init__()
        self.pool = nn.AvgPool1d(pooling)
        self.layers = nn.Sequential(
            nn.Conv1d(32, width, 1), nn.ReLU(), nn.Conv1d(width, n_classes, 1)
        )

    def forward(self, x, embeddings=None, pad_mask=None):
        strong = torch.sigmoid(self.layers(self.pool(x)))
        return strong, strong.mean(-1)


def build_bands(net, n_classes: int) -> nn.Module:
    return Bands(4, net["width"], n_classes)


@pytest.fixture
def trained(train, monkeypatch, tmp_path):
    """The lines in the registry and among the sections; then a training."""
    monkeypatch.setitem(network_registry.MODELS, "bands", build_bands)
    monkeypatch.setitem(NETWORKS, "bands", BandsSection)
    whole = train(name="bands", net=NET)
    save_checkpoint(tmp_path / "model.pt", whole.networks)
    save_lightning(tmp_path / "public.ckpt", whole.networks)
    return whole


def test_resumes(trained, train, tmp_path):
    (last,) = (tmp_path / "checkpoints/bands").glob("*/last.ckpt")
    longer = {"n_epochs": 3}
    resumed = train(name="on", net=NET, training={**longer, "resume_from": str(last)})
    whole = train(name="whole", net=NET, training=longer)
    assert resumed.history == whole.history
    for key, value in whole.networks.student.items():
        assert torch.equal(resumed.networks.student[key], value)


@pytest.mark.parametrize("name", ["model.pt", "public.ckpt"])
def test_reads_and_predicts(trained, tmp_path, name):
    """Our own file, and the public layout that `save_lightning` exports."""
    waveforms = torch.randn(2, 16000, generator=torch.Generator().manual_seed(0))
    expected = Predictor.from_checkpoint(trained.networks, torch.device("cpu"))(waveforms)
    found = load_predictor(tmp_path / name, torch.device("cpu"))(waveforms)
    for network, (strong, weak) in expected.items():
        assert np.array_equal(found[network][0], strong)
        assert np.array_equal(found[network][1], weak)
    assert np.ptp(expected["student"][0]) > 0


@pytest.mark.parametrize("name", ["model.pt", "public.ckpt"])
def test_starts_another_training(trained, tmp_path, name):
    module = MeanTeacher(tiny_system(net=NET), warmup=1, seed=9)
    assert starting_point(module, tmp_path / "none", tmp_path / name) is None
    for key, value in load_checkpoint(tmp_path / name).student.items():
        assert torch.equal(module.student.state_dict()[key], value)


def test_an_unregistered_network_is_named(trained, monkeypatch, tmp_path):
    monkeypatch.delitem(network_registry.MODELS, "bands")
    with pytest.raises(SedError, match=r"net.model is 'bands'; registered are crnn"):
        load_predictor(tmp_path / "model.pt", torch.device("cpu"))


def test_frames_other_than_stated_are_named_in_the_first_step(train, monkeypatch):
    monkeypatch.setitem(network_registry.MODELS, "bands", build_bands)
    monkeypatch.setitem(NETWORKS, "bands", BandsSection)
    said = r"'bands' makes 15 frames of 63 .* that 5 become one; mend"
    with pytest.raises(SedError, match=said):
        train(name="wrong", net={**NET, "pools": 5})


def test_a_clip_too_short_for_the_stated_pooling_is_refused_in_the_plan(monkeypatch):
    monkeypatch.setitem(NETWORKS, "bands", BandsSection)
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    mine = {"mine": {"net": {**NET, "pools": 626}}}
    config = {**config, "systems": mine, "targets": ["mine"]}
    said = r"'bands' makes one frame of 626, but a clip of 10 s has"
    with pytest.raises(SedError, match=said):
        complete_systems(config)
    mine["mine"]["net"]["pools"] = 625
    assert complete_systems(config)["mine"]["net"] == {**NET, "pools": 625}
