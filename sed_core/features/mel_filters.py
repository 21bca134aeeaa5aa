"""The mel filter banks of all front ends, by torchaudio, and their windows."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import functional

from sed_core.features.torchaudio_import import torchaudio

SCALES = ("htk", "slaney", "kaldi")


def mel_filters(
    *,
    n_mels: int,
    n_fft: int,
    sample_rate: int,
    f_min: float,
    f_max: float,
    scale: str = "htk",
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Triangular filters at equal distances on a mel scale.

    Args:
        n_mels: filters.
        n_fft: samples of the transform that they are for.
        sample_rate: in Hz.
        f_min: lower edge of the first filter, Hz.
        f_max: upper edge of the last filter, Hz.
        scale: `htk`: mel = 2595 log10(1 + f / 700), sides straight in Hz, peak 1; `slaney`: linear
            below 1 kHz, sides straight in Hz, area 1 (librosa's default); `kaldi`: the scale of
            `htk`, sides straight in mel, peak 1 (also TensorFlow's).
        dtype: that they are computed in; float64 differs by up to 1e-5, and is what networks had
            whose filters came from numpy.

    Returns:
        (n_fft // 2 + 1, n_mels) float32 on the CPU; bin k lies at k * sample_rate / n_fft Hz.
    """
    if scale not in SCALES:
        raise ValueError(f"scale is {scale!r}; expected {', '.join(SCALES)}")
    with _default(dtype):
        if scale == "kaldi":
            unwarped = (100.0, -500.0, 1.0)  # no change of the vocal tract, Kaldi's default
            bank, _ = torchaudio.compliance.kaldi.get_mel_banks(
                n_mels, n_fft, float(sample_rate), f_min, f_max, *unwarped
            )
            bank = functional.pad(bank.T, (0, 0, 0, 1))  # half the sampling rate belongs to none
        else:
            norm = "slaney" if scale == "slaney" else None
            bank = torchaudio.functional.melscale_fbanks(
                n_fft // 2 + 1, f_min, f_max, n_mels, sample_rate, norm, scale
            )
    return bank.float()


def hann_window(length: int, *, periodic: bool = True) -> Tensor:
    """(length,) float32 on the CPU."""
    with _default(torch.float32):
        return torch.hann_window(length, periodic=periodic)


@contextmanager
def _default(dtype: torch.dtype) -> Iterator[None]:
    """New tensors have this type and lie on the CPU, also where a network is built on `meta`.

    There, arithmetic would first load torch's compiler, which takes a second.
    """
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device("cpu"):
            yield
    finally:
        torch.set_default_dtype(before)
