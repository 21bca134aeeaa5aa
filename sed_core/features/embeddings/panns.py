"""PANNs' Cnn14 at 16 kHz (Kong et al., 2020) with its log-mel front end, as DCASE 2022 used it."""

from functools import partial
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sed_core.features.embeddings.encoder import Encoder
from sed_core.features.mel_filters import hann_window, mel_filters
from sed_core.features.precision import full_precision
from sed_core.features.safe_load import load_strictly

N_FFT, HOP = 512, 160
N_MELS, LOW_HERTZ, HIGH_HERTZ = 64, 50, 8000
POWER_FLOOR = 1e-10
CHANNELS = (64, 128, 256, 512, 1024, 2048)
FRAME_BLOCK = 3  # its output is the frame embedding
FRAME_POOLING = 2**FRAME_BLOCK  # STFT frames per embedding frame
DROPOUT = 0.2


class ConvBlock(nn.Module):
    """Two 3 x 3 convolutions, each with batch norm and ReLU, then average pooling."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(n_out), nn.BatchNorm2d(n_out)

    def forward(self, x: Tensor, pool: int) -> Tensor:
        """(B, C, T, F) -> (B, C', T // pool, F // pool)."""
        x = functional.relu(self.bn1(self.conv1(x)))
        x = functional.relu(self.bn2(self.conv2(x)))
        return functional.avg_pool2d(x, pool)


class PANNs(Encoder):
    """Cnn14 up to its clip embedding; the AudioSet classifier is not part of it.

    Batch norms keep their statistics even where the network is fine-tuned.

    Args:
        channels: of the six blocks.
    """

    kinds = ("frame", "aligned", "global")
    filters: Tensor
    window: Tensor

    def __init__(self, *, channels: tuple[int, ...] = CHANNELS) -> None:
        super().__init__()
        self.bn0 = nn.BatchNorm2d(N_MELS)
        for number, (n_in, n_out) in enumerate(zip((1, *channels), channels, strict=False), 1):
            self.add_module(f"conv_block{number}", ConvBlock(n_in, n_out))
        self.fc1 = nn.Linear(channels[-1], channels[-1])
        self.register_buffer("window", hann_window(N_FFT), persistent=False)
        self.register_buffer("filters", slaney_filterbank(), persistent=False)

    @classmethod
    def from_state(cls, state: Any) -> Self:
        """From the published `.pth`, whose tensors stand under the key `model`.

        Its front-end constants and its classifier are not needed.
        """
        tensors = dict(state.get("model", state))
        channels = tuple(
            tensors[f"conv_block{number}.conv1.weight"].shape[0]
            for number in range(1, len(CHANNELS) + 1)
        )
        build = partial(cls, channels=channels)
        with torch.device("meta"):
            names = build().state_dict()
        return load_strictly(build, {name: tensors[name] for name in names}, "Cnn14").eval()

    @staticmethod
    def derived(frame: Any) -> dict[str, Any]:
        """`aligned` is `frame`: it is in the order of time as it is."""
        return {"frame": frame, "aligned": frame}

    @classmethod
    def frame_times(cls, n_samples: int) -> np.ndarray:
        """A frame is the mean over 8 STFT frames that are centred 10 ms apart, from 0 s on."""
        count = (1 + n_samples // HOP) // FRAME_POOLING
        centres = np.arange(count) * FRAME_POOLING + (FRAME_POOLING - 1) / 2
        return centres * HOP / cls.sample_rate

    def features(self, waveforms: Tensor) -> Tensor:
        """(B, S) waveforms -> (B, 1 + S // 160, 64) log-mel power in dB; always in float32."""
        with full_precision(waveforms):
            spectrum = torch.stft(
                waveforms.float(),
                N_FFT,
                hop_length=HOP,
                window=self.window,
                center=True,
                pad_mode="reflect",
                return_complex=True,
            )
            power = torch.view_as_real(spectrum.transpose(1, 2)).square().sum(-1)
            return 10.0 * (power @ self.filters).clamp(min=POWER_FLOOR).log10()

    def normalised(self, features: Tensor) -> Tensor:
        """(B, T, 64) -> (B, 1, T, 64): batch norm over the mel bins."""
        return self.bn0(features.permute(0, 2, 1)[..., None]).permute(0, 3, 2, 1)

    def embeddings(self, features: Tensor, kind: str | None = None) -> dict[str, Tensor]:
        """Embeddings of (B, T, 64) features; `frame` is block 3, channel before frequency.

        Where a kind is asked for that block 3 gives, the other blocks, half of the work, are not
        computed.
        """
        x = frame = self.normalised(features)
        for number in range(1, len(CHANNELS) + 1):
            x = getattr(self, f"conv_block{number}")(x, 2 if number < len(CHANNELS) else 1)
            x = functional.dropout(x, DROPOUT, self.training)
            if number == FRAME_BLOCK:
                frame = x.permute(0, 1, 3, 2).flatten(1, 2)
                if kind in self.derived(frame):
                    return self.derived(frame)
        x = x.mean(3)
        return {**self.derived(frame), "global": x.amax(2) + x.mean(2)}

    def forward(self, waveforms: Tensor, kind: str | None = None) -> dict[str, Tensor]:
        """`global` is the clip embedding before `fc1`."""
        return self.embeddings(self.features(waveforms), kind)


def slaney_filterbank() -> Tensor:
    """(257, 64) filters of librosa's default mel scale, with area norm."""
    return mel_filters(
        n_mels=N_MELS,
        n_fft=N_FFT,
        sample_rate=Encoder.sample_rate,
        f_min=LOW_HERTZ,
        f_max=HIGH_HERTZ,
        scale="slaney",
        dtype=torch.float64,
    )
