import librosa
import numpy as np
import pytest
import torch

from sed_core.features.logmel import MelSpectrogram, amplitude_to_db


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
