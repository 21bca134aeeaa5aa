"""PANNs Cnn14_16k against the original's outputs; tolerances of golden/README.md."""

from ast import literal_eval

import numpy as np
import pytest
import torch

from sed_core.features.embeddings.panns import PANNs, slaney_filterbank
from tests.parity.fill import FIXED, filled
from tests.parity.subset import largest, relative


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
    assert largest(features[0], data["logmel_clip0"]) < 2e-3
    # Where clip 4 ends, single bins are close to the floor.
    assert largest(features[1, ::16], data["logmel_clip4_every16"]) < 6e-3
    with torch.inference_mode():
        normalised = encoder.normalised(features[:1]).squeeze().numpy()
    assert largest(normalised, data["bn0_clip0"]) < 2e-3


def test_frame_global_and_number_of_parameters(encoder, audio, golden):
    data = golden("panns")
    assert sum(p.numel() for p in encoder.parameters()) == data["n_parameters"]
    with torch.inference_mode():
        found = {kind: value.numpy() for kind, value in encoder(audio).items()}
        first = encoder.conv_block1(encoder.normalised(encoder.features(audio[:1])), 2)
    assert relative(first[0, :, ::50], data["block1_clip0_every50"]) < 1e-4
    assert found["frame"].shape == (2, 2048, 125)
    assert relative(found["frame"][0, :, ::5], data["frame_every5_clip0"]) < 1e-4
    assert relative(found["frame"][1, :, ::25], data["frame_every25_clip4"]) < 1e-4
    norms = np.linalg.norm(found["frame"].astype(np.float64), axis=1)
    assert relative(norms, data["frame_l2_clip0_clip4"]) < 1e-4
    assert relative(found["global"], data["global_clip0_clip4"]) < 1e-4
