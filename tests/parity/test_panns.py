"""PANNs Cnn14_16k against the original's outputs."""

from ast import literal_eval

import numpy as np
import pytest
import torch

from sed_core.features.embeddings.panns import PANNs, slaney_filterbank
from tests.parity.fill import FIXED, filled
from tests.parity.subset import largest, relative

# Rounding, 84 times float32's. Measured: 1e-6; 9e-5 and more with another window, 4e-4 with another
# epsilon in one norm, 1.7e-5 and more with the audio a sample late.
TOLERANCE = 1e-5
# Of a single value in dB: near the floor rounding is a larger part of a bin. Measured: 2.1e-3; 1.3
# with another window.
DECIBELS = 1e-2


@pytest.fixture(scope="module")
def encoder(golden, seed) -> PANNs:
    """From a file in the layout of the published `.pth`, filled by the rule."""
    data = golden("panns")
    state = {
        key: torch.zeros((), dtype=torch.int64)
        if key.endswith("num_batches_tracked")
        else torch.from_numpy(filled(key, literal_eval(shape), seed))
        for key, shape in zip(data["state_keys"], data["state_shapes"], strict=True)
        if not key.startswith(FIXED)
    }
    return PANNs.from_state({"model": {**state, "fc_audioset.weight": torch.zeros(527, 2048)}})


@pytest.fixture(scope="module")
def audio(golden) -> torch.Tensor:
    return torch.from_numpy(golden("audio")["audio"][[0, 4]] / np.float32(32768))


def test_front_end(encoder, audio, golden):
    data = golden("panns")
    assert largest(slaney_filterbank(), data["mel_filterbank"]) < 1e-8
    features = encoder.features(audio)
    with torch.inference_mode():
        normalised = encoder.normalised(features[:1]).squeeze()
    for ours, name in (
        (features[0], "logmel_clip0"),
        (features[1, ::16], "logmel_clip4_every16"),
        (normalised, "bn0_clip0"),
    ):
        assert largest(ours, data[name]) < DECIBELS, name
        assert relative(ours, data[name]) < TOLERANCE, name


def test_frame_global_and_number_of_parameters(encoder, audio, golden):
    data = golden("panns")
    assert sum(p.numel() for p in encoder.parameters()) == data["n_parameters"]
    with torch.inference_mode():
        found = {kind: value.numpy() for kind, value in encoder(audio).items()}
        first = encoder.conv_block1(encoder.normalised(encoder.features(audio[:1])), 2)
    assert relative(first[0, :, ::50], data["block1_clip0_every50"]) < TOLERANCE
    assert found["frame"].shape == (2, 2048, 125)
    assert relative(found["frame"][0, :, ::5], data["frame_every5_clip0"]) < TOLERANCE
    assert relative(found["frame"][1, :, ::25], data["frame_every25_clip4"]) < TOLERANCE
    norms = np.linalg.norm(found["frame"].astype(np.float64), axis=1)
    assert relative(norms, data["frame_l2_clip0_clip4"]) < TOLERANCE
    assert relative(found["global"], data["global_clip0_clip4"]) < TOLERANCE
