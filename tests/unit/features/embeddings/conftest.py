"""A few clips of noise as a corpus, and a small encoder."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sed_core.data.corpus import write_corpus
from sed_core.features.embeddings.panns import PANNs

LENGTHS = (16000, 9000, 16000, 20000, 16000)


@pytest.fixture(scope="session")
def encoder() -> PANNs:
    torch.manual_seed(0)
    return PANNs(channels=(2, 3, 4, 5, 6, 7)).eval()


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Path:
    """Five clips of about a second; one is shorter, one is longer."""
    generator = np.random.default_rng(0)
    clips = [
        generator.integers(-3000, 3000, length).astype(np.float32) / 32768 for length in LENGTHS
    ]
    path = tmp_path_factory.mktemp("corpus") / "split.h5"
    write_corpus(
        path,
        filenames=[f"Y{i}_30.000_40.000.wav" for i in range(len(clips))],
        digests=[f"digest {i}" for i in range(len(clips))],
        lengths=LENGTHS,
        clips=clips,
        sample_rate=16000,
    )
    return path
