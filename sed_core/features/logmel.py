"""From waveforms to log-mel spectrograms, on any device."""

import torch
from torch import Tensor, nn

from sed_core.features.mel_filters import mel_filters
from sed_core.features.torchaudio_import import torchaudio

AMPLITUDE_FLOOR = 1e-5
DB_MIN, DB_MAX = -50.0, 80.0


def hamming_window(length: int) -> Tensor:
    """Symmetric Hamming window of `length` samples."""
    return torch.hamming_window(length, periodic=False, dtype=torch.float32)


def amplitude_to_db(mel: Tensor) -> Tensor:
    """20 log10 of magnitudes of any shape, clamped to [-50, 80] dB."""
    decibels = torchaudio.functional.amplitude_to_DB(mel, 20.0, AMPLITUDE_FLOOR, 0.0)
    return decibels.clamp(DB_MIN, DB_MAX)


class MelSpectrogram(nn.Module):
    """Mel magnitudes of waveforms: |STFT| (power 1, centred, reflected edges) times filters.

    The defaults are those of the DCASE 2022 baseline. The values are those of
    `torchaudio.transforms.MelSpectrogram` to rounding, in 0.64 to 0.79 of its processor time
    (`benchmarks/front_ends.py`).

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
        bank = mel_filters(
            n_mels=n_mels, n_fft=n_fft, sample_rate=sample_rate, f_min=f_min, f_max=f_max
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
