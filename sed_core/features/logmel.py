"""From waveforms to log-mel spectrograms, on any device.

Window and filters are computed in float32, step by step as torchaudio does: the published networks
were trained with exactly these constants, which float64 rounded to float32 would miss by 1e-5.
"""

import math

import torch
from torch import Tensor, nn

AMPLITUDE_FLOOR = 1e-5
DB_MIN, DB_MAX = -50.0, 80.0


def hamming_window(length: int) -> Tensor:
    """Symmetric Hamming window of `length` samples."""
    return torch.hamming_window(length, periodic=False, dtype=torch.float32)


def hertz_to_mel(frequency: float) -> float:
    """HTK mel scale, mel = 2595 log10(1 + f / 700)."""
    return 2595.0 * math.log10(1.0 + frequency / 700.0)


def mel_filterbank(
    *, n_mels: int, n_bins: int, sample_rate: int, f_min: float, f_max: float
) -> Tensor:
    """Triangular filters, equally spaced on the HTK mel scale, peak 1 (no area norm).

    Returns:
        (n_bins, n_mels), where bin k lies at k * sample_rate / 2 / (n_bins - 1) Hz.
    """
    low, high = hertz_to_mel(f_min), hertz_to_mel(f_max)
    bins = torch.linspace(0.0, sample_rate / 2, n_bins, dtype=torch.float32)
    mels = torch.linspace(low, high, n_mels + 2, dtype=torch.float32)
    edges = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    widths = edges.diff()
    slopes = edges[None, :] - bins[:, None]
    return torch.minimum(-slopes[:, :-2] / widths[:-1], slopes[:, 2:] / widths[1:]).clamp(min=0.0)


def amplitude_to_db(mel: Tensor) -> Tensor:
    """20 log10 of magnitudes of any shape, clamped to [-50, 80] dB."""
    return (20.0 * torch.log10(mel.clamp(min=AMPLITUDE_FLOOR))).clamp(DB_MIN, DB_MAX)


class MelSpectrogram(nn.Module):
    """Mel magnitudes of waveforms: |STFT| (power 1, centred, reflected edges) times filters.

    The defaults are those of the DCASE 2022 baseline.

    Args:
        sample_rate: in Hz.
        n_fft: samples per transform.
        win_length: samples of the Hamming window, centred in `n_fft`.
        hop_length: samples from one frame to the next.
        n_mels: bands.
        f_min: lower edge of the first band, Hz.
        f_max: upper edge of the last band, Hz.

    Example:
        >>> amplitude_to_db(MelSpectrogram()(torch.randn(2, 160000))).shape  # two clips of 10 s
        torch.Size([2, 128, 626])
    """

    window: Tensor
    filterbank: Tensor

    def __init__(
        self,
        *,
        sample_rate: int = 16000,
        n_fft: int = 2048,
        win_length: int = 2048,
        hop_length: int = 256,
        n_mels: int = 128,
        f_min: float = 0.0,
        f_max: float = 8000.0,
    ) -> None:
        super().__init__()
        self.n_fft, self.win_length, self.hop_length = n_fft, win_length, hop_length
        bank = mel_filterbank(
            n_mels=n_mels,
            n_bins=n_fft // 2 + 1,
            sample_rate=sample_rate,
            f_min=f_min,
            f_max=f_max,
        )
        # Derived from the configuration, hence not part of a checkpoint.
        self.register_buffer("window", hamming_window(win_length), persistent=False)
        self.register_buffer("filterbank", bank, persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """(B, S) waveforms -> (B, n_mels, 1 + S // hop_length) linear mel magnitudes."""
        spectrum = torch.stft(
            waveform,
            self.n_fft,
            hop_length=self.hop_length,
            win_length=self.win_length,
            window=self.window,
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )
        real, imaginary = torch.view_as_real(spectrum.transpose(1, 2)).unbind(-1)
        # Half the time of `abs`, which guards against overflow that audio cannot reach.
        magnitude = real.square().addcmul_(imaginary, imaginary).sqrt_()
        return torch.matmul(magnitude, self.filterbank).transpose(1, 2)
