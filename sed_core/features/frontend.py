"""Waveforms to network input, as one system's configuration wants it."""

from collections.abc import Sequence

import torch
from torch import nn

from sed_core.config.network_sections import hears_mel
from sed_core.config.system import System
from sed_core.features.logmel import MelSpectrogram, amplitude_to_db
from sed_core.features.precision import full_precision
from sed_core.features.resident_audio import ResidentAudio
from sed_core.features.scaler import Scaler

SILENCE = 1e-10
"""Added to the largest magnitude, so that silence stays silent."""


class FrontEnd(nn.Module):
    """Mel magnitudes, decibels, scaling; always in float32, never under autocast.

    For a network that hears no log-mel these are frames without bands, (B, 0, T), at no cost.
    """

    def __init__(self, system: System) -> None:
        super().__init__()
        feats, scaler = system.feats, system.scaler
        self.heard, self.peak_level = hears_mel(system.net), feats.peak_level
        self.hop = feats.hop_length
        self.mel = MelSpectrogram(
            sample_rate=system.dataset.sample_rate,
            n_fft=feats.n_window,
            win_length=feats.n_window,
            hop_length=feats.hop_length,
            n_mels=feats.n_mels,
            f_min=feats.f_min,
            f_max=feats.f_max,
        )
        self.scaler = Scaler(
            statistic=scaler.statistic,
            normtype=scaler.normtype,
            dims=tuple(scaler.dims),
            min_range_db=scaler.min_range_db,
            limits=scaler.range,
        )

    def magnitudes(self, waveforms: torch.Tensor) -> torch.Tensor:
        """(B, S) waveforms to (B, F, T) linear mel magnitudes."""
        if not self.heard:
            size, length = waveforms.shape  # `len` would fix the size of an exported batch
            return waveforms.new_zeros(size, 0, 1 + length // self.hop)
        if self.peak_level:
            waveforms = waveforms / (waveforms.abs().amax(-1, keepdim=True) + SILENCE)
        return self.mel(waveforms)

    def scale(self, mel: torch.Tensor) -> torch.Tensor:
        """(B, F, T) linear mel magnitudes to (B, F, T) network input."""
        if not self.heard:
            return mel
        return self.scaler(amplitude_to_db(mel))

    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        """(B, S) waveforms to (B, F, T) network input."""
        with full_precision(waveforms):
            return self.scale(self.magnitudes(waveforms))

    @torch.no_grad()
    def fit(
        self, audio: ResidentAudio, clips: Sequence[int], *, n_samples: int, batch_size: int
    ) -> None:
        """Take the scaler's data-set statistics from these clips; others have none to take."""
        if not self.heard:
            return
        self.scaler.fit(
            amplitude_to_db(self.magnitudes(audio.gather(clips[at : at + batch_size], n_samples)))
            for at in range(0, len(clips), batch_size)
        )
