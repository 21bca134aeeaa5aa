"""Log-mel and scaler against the original's."""

import numpy as np
import pytest
import torch
from torch import Tensor

from sed_core.features.logmel import MelSpectrogram, amplitude_to_db
from sed_core.features.scaler import Scaler
from tests.parity.subset import largest, relative

# Relative, of linear magnitudes, 42 times float32's rounding. Measured: 9e-8; 1.4e-6 without AVX2.
MAGNITUDE = 5e-6


@pytest.fixture(scope="module")
def mel(golden) -> Tensor:
    audio = torch.from_numpy(golden("audio")["audio"]).float() / 32768
    return MelSpectrogram()(audio)


def test_constants_are_the_original_ones(golden):
    features, ours = golden("features"), MelSpectrogram()
    assert np.array_equal(ours.window.numpy(), features["window"])
    assert np.array_equal(ours.filterbank.numpy(), features["mel_filterbank"])


def test_mel_magnitude(golden, mel):
    features = golden("features")
    assert mel.shape == (6, 128, 626)
    assert relative(mel[:2], features["mel_full"]) < MAGNITUDE
    assert relative(mel[2:, :, ::8], features["mel_every8"]) < MAGNITUDE


def test_decibels(golden, mel):
    features, db = golden("features"), amplitude_to_db(mel)
    for ours, name in ((db[:2], "logmel_full"), (db[2:, :, ::8], "logmel_every8")):
        assert relative(ours, features[name]) < 1e-5
        assert largest(ours, features[name]) < 0.03


def test_scaled(golden, mel):
    features, scaled = golden("features"), Scaler()(amplitude_to_db(mel))
    assert relative(scaled, features["scaled_full"]) < 1e-5
    assert largest(scaled, features["scaled_full"]) < 3e-4


def test_float64_agrees_with_float32(golden, mel):
    audio = torch.from_numpy(golden("audio")["audio"]).double() / 32768
    wide = MelSpectrogram().double()(audio)
    assert wide.dtype == torch.float64
    assert relative(mel, wide.numpy()) < MAGNITUDE
