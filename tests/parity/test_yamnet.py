"""YAMNet against the published TensorFlow model; with its real weights where they are at hand.

Tolerances: float32 noise of tonal sounds is 6e-3 in the log-mel, 2e-3 in embeddings and 1.3e-4 in
scores; the least of the mistakes tried (mel triangles linear in Hz) changes scores by 4.9e-3.
"""

import numpy as np
import pytest
import torch

from sed_core.features.embeddings.encoder_weights import load_encoder, read_weights
from sed_core.features.embeddings.yamnet import YAMNet, mel_filterbank
from tests.conftest import ROOT
from tests.parity.subset import largest

SIGNALS = ("chirps", "bursts", "harmonic", "short", "exact", "exact_plus1")
CUTS = {  # of the stored waveforms
    "short": ("chirps", slice(16000, 24000)),
    "exact": ("harmonic", slice(15600)),
    "exact_plus1": ("harmonic", slice(15601)),
}
LOG_MEL, EMBEDDINGS, SCORES = 1e-2, 5e-3, 5e-4


@pytest.fixture(scope="module")
def golden(reference_file):
    return np.load(reference_file("yamnet/golden.npz"), allow_pickle=False)


@pytest.fixture(scope="module")
def weights(reference_file):
    if (file := ROOT / "pretrained/yamnet.h5").exists():
        return file
    try:
        return reference_file("yamnet/yamnet.h5")
    except FileNotFoundError:
        pytest.skip("YAMNet's weights are not here: put yamnet.h5 into pretrained/")


def waveform(golden, signal: str) -> torch.Tensor:
    name, part = CUTS.get(signal, (signal, slice(None)))
    return torch.from_numpy(golden[f"{name}/waveform"][part] / np.float32(32768))[None]


def test_front_end(golden):
    assert largest(mel_filterbank(), golden["mel_matrix"]) < 1e-5
    network = YAMNet(channels=(2,) * 14)
    for signal in ("chirps", "bursts"):
        wanted = golden[f"{signal}/log_mel"]
        audio = waveform(golden, signal)
        whole = torch.nn.functional.pad(audio, (0, len(wanted) * 160 + 240 - audio.shape[1]))
        assert largest(network.log_mel(whole)[0], wanted) < LOG_MEL, signal


@torch.inference_mode()
def test_network_alone(golden, weights):
    network = load_encoder("yamnet", weights)
    found = network.embeddings(torch.from_numpy(golden["chirps/patches"][:2]))
    assert largest(found, golden["chirps/embeddings"][:2]) < 1e-4
    assert largest(network.logits(found), golden["chirps/logits"][:2]) < SCORES
    assert largest(network.logits(found).sigmoid(), golden["chirps/scores"][:2]) < 1e-5
    assert sum(tensor.numel() for tensor in read_weights(weights).values()) == 3_751_369


@torch.inference_mode()
@pytest.mark.parametrize("signal", SIGNALS)
def test_from_audio(golden, weights, signal):
    network = load_encoder("yamnet", weights)
    scores, embeddings = network.published(waveform(golden, signal))
    assert largest(scores[0], golden[f"{signal}/scores"]) < SCORES
    assert largest(embeddings[0], golden[f"{signal}/embeddings"]) < EMBEDDINGS


@torch.inference_mode()
def test_patches_40_ms_apart_are_the_originals_of_shifted_audio(golden, weights):
    """Patch 11 + 12 p begins 7,680 p samples into audio of which the first 440 are cut off."""
    network = load_encoder("yamnet", weights, options={"patch_hop": 0.04})
    features = network.features(waveform(golden, "chirps")[:, 440:])
    patches = network.patches(features, 640)[:, 11::12]
    wanted = golden["chirps/log_mel"]
    for p in (1, 2, 6):  # patch 0 lacks the samples that were cut off
        assert largest(patches[0, p], wanted[48 * p : 48 * p + 96]) < LOG_MEL
    found = network.embeddings(patches[:, 1:7])[0]
    assert largest(found, golden["chirps/embeddings"][1:7]) < EMBEDDINGS
    assert largest(network.logits(found).sigmoid(), golden["chirps/scores"][1:7]) < SCORES
