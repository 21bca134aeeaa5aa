import librosa
import numpy as np
import pytest
import torch

from sed_core.features.logmel import MelSpectrogram, amplitude_to_db
from sed_core.features.mel_filters import mel_filters
from sed_core.features.torchaudio_import import torchaudio


@pytest.mark.parametrize(
    ("n_fft", "win_length", "hop_length", "n_mels", "f_min", "f_max"),
    [(2048, 2048, 256, 128, 0.0, 8000.0), (1024, 800, 160, 40, 50.0, 7000.0)],
)
def test_against_numpy_and_librosa(n_fft, win_length, hop_length, n_mels, f_min, f_max):
    audio = np.random.default_rng(0).standard_normal((2, 16000)).astype(np.float32)
    ours = MelSpectrogram(
        sample_rate=16000,
        n_fft=n_fft,
        win_length=win_length,
        hop_length=hop_length,
        n_mels=n_mels,
        f_min=f_min,
        f_max=f_max,
    )(torch.from_numpy(audio))
    left = (n_fft - win_length) // 2
    window = np.pad(np.hamming(win_length), (left, n_fft - win_length - left))
    padded = np.pad(audio.astype(np.float64), ((0, 0), (n_fft // 2, n_fft // 2)), mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft, axis=1)[:, ::hop_length]
    bank = librosa.filters.mel(
        sr=16000, n_fft=n_fft, n_mels=n_mels, fmin=f_min, fmax=f_max, htk=True, norm=None
    )
    theirs = bank @ np.abs(np.fft.rfft(frames * window)).swapaxes(1, 2)
    assert np.allclose(ours.numpy(), theirs, rtol=1e-3, atol=1e-3)


def test_equals_torchaudio():
    audio = 0.1 * torch.randn(2, 32000, generator=torch.Generator().manual_seed(0))
    theirs = torchaudio.transforms.MelSpectrogram(
        sample_rate=16000, n_fft=2048, win_length=2048, hop_length=256, n_mels=128, power=1.0,
        window_fn=torch.hamming_window, wkwargs={"periodic": False},
    )  # fmt: skip
    ours = MelSpectrogram()
    assert torch.equal(ours.window, theirs.spectrogram.window)
    assert torch.equal(ours.filterbank, theirs.mel_scale.fb)
    torch.testing.assert_close(ours(audio), theirs(audio), rtol=1e-5, atol=1e-5)


def test_mel_filters_have_the_shape_of_their_scale():
    common = {"n_mels": 32, "n_fft": 1024, "sample_rate": 16000, "f_min": 60.0, "f_max": 7900.0}
    htk, slaney, kaldi = (
        mel_filters(scale=scale, **common) for scale in ("htk", "slaney", "kaldi")
    )
    spread = {"sr": 16000, "n_fft": 1024, "n_mels": 32, "fmin": 60.0, "fmax": 7900.0}
    wanted = librosa.filters.mel(htk=True, norm=None, **spread)
    np.testing.assert_allclose(htk.numpy(), wanted.T, atol=1e-4)
    np.testing.assert_allclose(slaney.numpy(), librosa.filters.mel(**spread).T, atol=1e-6)
    assert bool(((kaldi > 0) == (htk > 0)).all()) and float((kaldi - htk).abs().max()) > 1e-3
    for bank in (htk, slaney, kaldi):
        assert bank.shape == (513, 32) and bank.dtype == torch.float32
    double = mel_filters(dtype=torch.float64, **common)
    assert torch.get_default_dtype() == double.dtype == torch.float32
    assert 0 < float((double - htk).abs().max()) < 1e-4
    with pytest.raises(ValueError, match="expected htk, slaney, kaldi"):
        mel_filters(scale="bark", **common)


def test_frames_and_bands_of_ten_seconds():
    mel = MelSpectrogram()
    assert mel(torch.zeros(1, 160000)).shape == (1, 128, 626)
    assert mel(torch.zeros(1, 159999)).shape == (1, 128, 625)
    assert bool((mel.filterbank.sum(0) > 0).all())
    assert not mel.state_dict()


def test_decibels_are_clamped():
    mel = torch.tensor([0.0, 1e-9, 10 ** (-50 / 20), 1.0, 10.0, 1e9])
    expected = torch.tensor([-50.0, -50.0, -50.0, 0.0, 20.0, 80.0])
    assert torch.allclose(amplitude_to_db(mel), expected, atol=1e-5)
