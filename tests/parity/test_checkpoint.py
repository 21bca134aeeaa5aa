"""A checkpoint that the original's trainer wrote gives the original's outputs."""

import numpy as np
import pytest
import torch

from sed_core.features.logmel import MelSpectrogram, amplitude_to_db
from sed_core.features.scaler import Scaler
from sed_core.models.checkpoint import load_checkpoint
from tests.made_checkpoint import save_lightning

ATOL = 1e-5


@pytest.fixture(scope="module")
def original(reference_file):
    return reference_file("golden/reference_crnn.ckpt")


@pytest.fixture(scope="module")
def published(original):
    return load_checkpoint(original)


@pytest.fixture(scope="module")
def scaled(golden):
    audio = torch.from_numpy(golden("audio")["audio"]).float() / 32768
    return Scaler()(amplitude_to_db(MelSpectrogram()(audio)))


@torch.no_grad()
def assert_outputs(checkpoint, scaled, expected) -> None:
    for name, network in checkpoint.networks().items():
        strong, weak = network(scaled)
        assert np.abs(strong.numpy() - expected[f"{name}/strong"]).max() < ATOL
        assert np.abs(weak.numpy() - expected[f"{name}/weak"]).max() < ATOL


def test_published_layout_gives_the_stored_outputs(published, scaled, golden):
    expected = golden("reference_crnn_eval")
    # The two networks differ, so that mistaking one for the other would show.
    assert np.abs(expected["student/strong"] - expected["teacher/strong"]).max() > 10 * ATOL
    assert published.n_classes == 10
    assert published.net["nb_filters"] == [16, 32, 64, 128, 128, 128, 128]
    assert_outputs(published, scaled, expected)


def test_without_hyper_parameters_the_2022_pooling_is_taken(
    published, scaled, golden, original, tmp_path
):
    content = torch.load(original, weights_only=True)
    del content["hyper_parameters"]
    torch.save(content, tmp_path / "bare.ckpt")
    assert_outputs(load_checkpoint(tmp_path / "bare.ckpt"), scaled, golden("reference_crnn_eval"))


def test_written_back_in_the_published_layout(published, scaled, golden, original, tmp_path):
    save_lightning(tmp_path / "ours.ckpt", published)
    assert_outputs(load_checkpoint(tmp_path / "ours.ckpt"), scaled, golden("reference_crnn_eval"))
    ours = torch.load(tmp_path / "ours.ckpt", weights_only=True)
    theirs = torch.load(original, weights_only=True)
    assert set(ours) == set(theirs)
    assert set(ours["state_dict"]) == set(theirs["state_dict"])
    for key, value in theirs["state_dict"].items():
        assert torch.equal(ours["state_dict"][key], value), key
