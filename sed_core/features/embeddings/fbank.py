"""Log mel filter bank energies as Kaldi computes them, for whole batches on any device."""

import torch
from torch import Tensor

from sed_core.features.mel_filters import hann_window, mel_filters

WINDOW, SHIFT, N_FFT = 400, 160, 512  # samples at 16 kHz: 25 ms, 10 ms, next power of two
PREEMPHASIS = 0.97
LOW_HERTZ = 20.0
EPSILON = torch.finfo(torch.float32).eps


def kaldi_filterbank(*, n_mels: int, sample_rate: int = 16000) -> Tensor:
    """(N_FFT // 2 + 1, n_mels) filters from 20 Hz to half the sampling rate."""
    return mel_filters(
        n_mels=n_mels,
        n_fft=N_FFT,
        sample_rate=sample_rate,
        f_min=LOW_HERTZ,
        f_max=sample_rate / 2,
        scale="kaldi",
    )


def povey_window() -> Tensor:
    """Kaldi's own window, (400,): a symmetric Hann window to the power of 0.85."""
    return hann_window(WINDOW, periodic=False).pow(0.85)


def fbank(waveforms: Tensor, filters: Tensor, window: Tensor) -> Tensor:
    """`kaldi.fbank(htk_compat=True, use_energy=False, dither=0)` with 10 ms shift, batched.

    The values are those of torchaudio, whose function takes one clip, to rounding, in 0.45 to 0.76
    of its processor time (`benchmarks/front_ends.py`). Frames without padding at the edges; each
    loses its mean, is pre-emphasised, windowed and zero-padded; then power spectrum, filters,
    natural logarithm.

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
    spectrum = torch.fft.rfft(frames.sub_(before, alpha=PREEMPHASIS).mul_(window), n=N_FFT)
    real, imaginary = torch.view_as_real(spectrum).unbind(-1)
    return (real.square().addcmul_(imaginary, imaginary) @ filters).clamp_(min=EPSILON).log_()
