"""The resampler of 2022 against torchaudio's."""

import numpy as np
import pytest
import torch

from sed_core.data.resamplers import BETA, ROLLOFF, ZERO_CROSSINGS, KaiserBest
from sed_core.features.torchaudio_import import torchaudio


@pytest.mark.parametrize(
    ("old", "tolerance"),
    # Steps through resampy's table of filters are whole up to 44.1 kHz, where they are rounded.
    [(8000, 1e-6), (32000, 1e-6), (64000, 1e-6), (44100, 0.02)],
)
def test_equals_torchaudio_but_for_the_rounding_of_2022(old, tolerance):
    samples = 0.1 * np.random.default_rng(0).standard_normal(old // 2, dtype=np.float32)
    stream = KaiserBest(old, 16000)
    blocks = [stream.resample_chunk(samples[at : at + 3000]) for at in range(0, len(samples), 3000)]
    ours = np.concatenate([*blocks, stream.resample_chunk(samples[:0], last=True)])
    theirs = torchaudio.functional.resample(
        torch.from_numpy(samples), old, 16000, ROLLOFF * ZERO_CROSSINGS, ROLLOFF,
        "sinc_interp_kaiser", BETA,
    ).numpy()  # fmt: skip
    assert len(ours) == 8000 <= len(theirs)
    assert np.linalg.norm(ours - theirs[:8000]) < tolerance * np.linalg.norm(theirs)
