"""FDY-CRNN against the published FDY-SED (190bd36), with filled weights.

Tolerances: some three times the rounding between the original in float32 and in float64.
"""

import numpy as np
import pytest
import torch

from sed_core.features.logmel import MelSpectrogram, amplitude_to_db
from sed_core.features.scaler import Scaler
from sed_core.models.network_registry import build
from tests.parity.fill import fill
from tests.parity.subset import Arrays, largest

NET = {
    "model": "fdy_crnn",
    "nb_filters": [32, 64, 128, 256, 256, 256, 256],
    "pooling": [[2, 2], [2, 2], *[[1, 2]] * 5],
    "n_RNN_cell": 256,
    "dropout": 0.0,
}


@pytest.fixture(scope="module")
def golden(reference_file):
    return np.load(reference_file("zoo/fdy_network.npz"), allow_pickle=False)


def test_features(golden, reference_file):
    """The range of each band over batch and time."""
    audio = Arrays(reference_file("golden/audio.npz"))["audio"][[0, 1, 2, 4]]
    mel = MelSpectrogram()(torch.from_numpy(audio).float() / 32768)
    scaled = Scaler(dims=(0, 2))(amplitude_to_db(mel)).numpy()
    assert largest(scaled, golden["in"]) < 3e-4  # above 7.5 kHz a band spans a few dB at -50
    assert np.abs(scaled - golden["in"]).mean() < 1e-6


@torch.no_grad()
def test_network(golden, seed):
    network = fill(build(NET, 10), seed)
    state = network.state_dict()
    assert sorted(state) == sorted(golden["state_keys"])
    assert sum(p.numel() for p in network.parameters()) == golden["n_parameters"] == 11_061_468
    x = torch.from_numpy(golden["in"])
    after = {
        k.removeprefix("after_train/"): golden[k] for k in golden if k.startswith("after_train/")
    }
    for prefix in ("eval", "train", "eval_after_train"):
        if prefix == "eval_after_train":
            network.load_state_dict(state | {k: torch.from_numpy(v) for k, v in after.items()})
        strong, weak = network.train(prefix == "train")(x)
        assert np.abs(strong.numpy() - golden[f"{prefix}/strong"]).max() < 5e-7
        assert np.abs(weak.numpy() - golden[f"{prefix}/weak"]).max() < 5e-7
