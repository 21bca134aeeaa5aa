"""The batched fbank against torchaudio's, one clip at a time."""

import pytest
import torch

from sed_core.features.embeddings.fbank import WINDOW, fbank, kaldi_filterbank, povey_window
from sed_core.features.torchaudio_import import torchaudio

WINDOWS = {"hanning": torch.hann_window(WINDOW, periodic=False), "povey": povey_window()}


def signals() -> torch.Tensor:
    torch.manual_seed(0)
    time = torch.arange(16000) / 16000
    noise = 0.1 * torch.randn(16000)
    tone = 0.5 * torch.sin(2 * torch.pi * 1000 * time)
    click = torch.zeros(16000)
    click[8000] = 1.0
    return torch.stack([noise, tone + noise / 100, click + 1e-3 * noise, noise + 0.3])


@pytest.mark.parametrize("n_mels", [128, 40])
@pytest.mark.parametrize(("name", "window"), WINDOWS.items())
def test_equals_torchaudio_on_every_clip_of_a_batch(n_mels, name, window):
    batch = signals()
    filters = kaldi_filterbank(n_mels=n_mels)
    ours = fbank(batch, filters, window)
    for clip, row in zip(batch, ours, strict=True):
        theirs = torchaudio.compliance.kaldi.fbank(
            clip[None],
            htk_compat=True,
            use_energy=False,
            window_type=name,
            num_mel_bins=n_mels,
            dither=0.0,
            frame_shift=10,
        )
        assert row.shape == theirs.shape == (98, n_mels)
        assert torch.linalg.norm(row - theirs) < 3e-5 * torch.linalg.norm(theirs)
        assert (row - theirs).abs().max() < 1e-2


def test_silence_gives_the_floor():
    filters = kaldi_filterbank(n_mels=128)
    silent = fbank(torch.zeros(1, 800), filters, torch.hann_window(WINDOW, periodic=False))
    assert torch.all(silent == torch.tensor(torch.finfo(torch.float32).eps).log())
