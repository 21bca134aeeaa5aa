"""Log mel filter bank energies as Kaldi computes them, for whole batches on any device."""

import math

import torch
from torch import Tensor
from torch.nn import functional

WINDOW, SHIFT, N_FFT = 400, 160, 512  # samples at 16 kHz: 25 ms, 10 ms, next power of two
PREEMPHASIS = 0.97
LOW_HERTZ = 20.0
EPSILON = torch.finfo(torch.float32).eps


def kaldi_mel(frequency: float) -> float:
    """Kaldi's mel scale, 1127 ln(1 + f / 700)."""
    return 1127.0 * math.log(1.0 + frequency / 700.0)


def kaldi_filterbank(*, n_mels: int, sample_rate: int = 16000) -> Tensor:
    """Filters that are triangles on the mel scale (not on the frequency scale), from 20 Hz up.

    Returns:
        (N_FFT // 2 + 1, n_mels) float32; the last bin (half the sampling rate) belongs to none.
    """
    low, high = kaldi_mel(LOW_HERTZ), kaldi_mel(sample_rate / 2)
    step = (high - low) / (n_mels + 1)
    left = low + step * torch.arange(n_mels)
    bins = sample_rate / N_FFT * torch.arange(N_FFT // 2)
    mels = (1127.0 * torch.log(1.0 + bins / 700.0))[:, None]
    rising, falling = (mels - left) / step, (left + 2 * step - mels) / step
    bank = torch.minimum(rising, falling).clamp(min=0.0)
    return functional.pad(bank, (0, 0, 0, 1))


def povey_window() -> Tensor:
    """Kaldi's own window, (400,): a symmetric Hann window to the power of 0.85."""
    return torch.hann_window(WINDOW, periodic=False).pow(0.85)


def fbank(waveforms: Tensor, filters: Tensor, window: Tensor) -> Tensor:
    """`kaldi.fbank(htk_compat=True, use_energy=False, dither=0)` with 10 ms shift, batched.

    Frames without padding at the edges; each loses its mean, is pre-emphasised, windowed and
    zero-padded; then power spectrum, filters, natural logarithm.

    Args:
        waveforms: (B, S), S >= 400.
        filters: of `kaldi_filterbank`.
        window: (400,); AST wants a symmetric Hann window, BEATs `povey_window`.

    Returns:
        (B, 1 + (S - 400) // 160, n_mels).
    """
    frames = waveforms.unfold(-1, WINDOW, SHIFT)
    frames = frames - frames.mean(-1, keepdim=True)
    before = torch.cat((frames[..., :1], frames[..., :-1]), dim=-1)
    spectrum = torch.fft.rfft((frames - PREEMPHASIS * before) * window, n=N_FFT)
    power = torch.view_as_real(spectrum).square().sum(-1)
    return (power @ filters).clamp(min=EPSILON).log()
