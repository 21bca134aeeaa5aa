from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf
import torch

from sed_core.data.corpus import Corpus
from sed_core.features.embeddings.yamnet import CHANNELS, YAMNet
from sed_core.models.checkpoint import save_checkpoint
from tests.made_data import names
from tests.unit.inference.conftest import data, trained  # noqa: F401 - fixtures

RATE = 16000


@pytest.fixture(scope="session")
def yamnet() -> YAMNet:
    """YAMNet with a few channels and AudioSet's classes, whose scores differ in time."""
    torch.manual_seed(0)
    encoder = YAMNet(channels=(8,) * len(CHANNELS)).eval()
    with torch.no_grad():
        for layer in encoder.modules():
            if isinstance(layer, torch.nn.Conv2d):
                layer.weight *= 2
        encoder.logits.weight *= 20
    return encoder


@pytest.fixture(scope="session")
def weights(yamnet, tmp_path_factory):
    path = tmp_path_factory.mktemp("yamnet") / "yamnet.pt"
    torch.save(yamnet.state_dict(), path)
    return path


@pytest.fixture(scope="session")
def folder(trained, data, tmp_path_factory):  # noqa: F811
    """A model file, and recordings in nested folders."""
    folder = tmp_path_factory.mktemp("detection")
    save_checkpoint(folder / "model.pt", trained)
    save_checkpoint(folder / "old.pt", replace(trained, thresholds={}))
    (folder / "audio/deeper").mkdir(parents=True)
    corpus = Corpus.open(data / "audio16k/devtest.h5")
    for name, samples in zip(names("devtest")[:2], corpus.gather(range(2), RATE), strict=True):
        sf.write(folder / "audio/deeper" / name, samples, RATE, subtype="PCM_16")
    sf.write(folder / "audio/long.flac", long_sound(5.3), RATE, subtype="PCM_16")
    return folder


def long_sound(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(3)
    times = np.arange(int(seconds * RATE)) / RATE
    loud = 0.2 * np.sin(2 * np.pi * 900 * times) * (np.sin(2 * np.pi * 0.7 * times) > 0.3)
    return (loud + rng.normal(0, 0.01, len(times))).astype(np.float32)
