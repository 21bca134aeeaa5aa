"""Frame-wise MobileNets (Morocutti et al., 2025; PretrainedSED), 06 and 10, with the front end.

A MobileNetV3 that halves time only twice, so that it gives a vector every 40 ms.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sed_core.features.embeddings.encoder import MelEncoder
from sed_core.features.embeddings.fbank import N_FFT, PREEMPHASIS, SHIFT, WINDOW
from sed_core.features.mel_filters import hann_window, mel_filters
from sed_core.features.precision import full_precision
from sed_core.features.safe_load import load_strictly

N_MELS, LOW_HERTZ, HIGH_HERTZ = 128, 0.0, 7000.0
FLOOR, OFFSET, SCALE = 1e-7, 4.5, 5.0
TIME_STRIDE = 4  # mel frames a vector: the stem halves time, and so does the second block
STEM, LAST, WIDENING = 16, 160, 6
PREFIX = "model.frame_mn."  # of the network's tensors in the published files

# kernel, expanded channels, output channels, squeeze and excitation, hard swish, (mel, time) stride
BLOCKS = (
    (3, 16, 16, False, False, (1, 1)),
    (3, 64, 24, False, False, (2, 2)),
    (3, 72, 24, False, False, (2, 1)),
    (5, 72, 40, True, False, (1, 1)),
    (5, 120, 40, True, False, (1, 1)),
    (5, 120, 40, True, False, (2, 1)),
    (3, 240, 80, False, True, (1, 1)),
    (3, 200, 80, False, True, (2, 1)),
    (3, 184, 80, False, True, (1, 1)),
    (3, 184, 80, False, True, (1, 1)),
    (3, 480, 112, True, True, (2, 1)),
    (3, 672, 112, True, True, (1, 1)),
    (5, 672, 160, True, True, (1, 1)),
    (5, 960, 160, True, True, (1, 1)),
    (5, 960, 160, True, True, (2, 1)),
)


def rounded_channels(count: float) -> int:
    """The multiple of 8 nearest to `count`, at least 8 and never below 90 % of it."""
    found = max(8, int(count + 4) // 8 * 8)
    return found + 8 if found < 0.9 * count else found


def convolution(
    n_in: int,
    n_out: int,
    size: int,
    activation: type[nn.Module] | None,
    stride: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> nn.Sequential:
    """Convolution without bias, batch norm and, except at the end of a block, an activation."""
    layers: list[nn.Module] = [
        nn.Conv2d(n_in, n_out, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(n_out, eps=0.001, momentum=0.01),
    ]
    return nn.Sequential(*layers, *([activation()] if activation else []))


class SqueezeExcitation(nn.Module):
    """Every channel times a factor in (0, 1) that all channels' means decide."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        squeezed = rounded_channels(n_channels // 4)
        layers = {"fc1": nn.Linear(n_channels, squeezed), "fc2": nn.Linear(squeezed, n_channels)}
        self.conc_se_layers = nn.ModuleList([nn.ModuleDict(layers)])  # the published files' names

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, F, T) -> the same shape."""
        first, second = (self.get_submodule(f"conc_se_layers.0.{name}") for name in ("fc1", "fc2"))
        factors = second(functional.relu(first(x.mean((2, 3))))).sigmoid()
        return x * factors[..., None, None]


class InvertedResidual(nn.Module):
    """Widening, depthwise convolution, squeeze and excitation, narrowing; MobileNetV3's block.

    Args:
        n_in: channels.
        n_out: channels.
        expanded: channels between.
        size: of the depthwise kernel.
        excite: whether channels weigh each other.
        swish: hard swish in place of ReLU.
        stride: over (mel, time).
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        *,
        expanded: int,
        size: int,
        excite: bool,
        swish: bool,
        stride: tuple[int, int],
    ) -> None:
        super().__init__()
        activation = nn.Hardswish if swish else nn.ReLU
        layers: list[nn.Module] = []
        if expanded != n_in:
            layers.append(convolution(n_in, expanded, 1, activation))
        layers.append(convolution(expanded, expanded, size, activation, stride, expanded))
        if excite:
            layers.append(SqueezeExcitation(expanded))
        layers.append(convolution(expanded, n_out, 1, None))
        self.block = nn.Sequential(*layers)
        self.residual = stride == (1, 1) and n_in == n_out

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, F, T) -> (B, C', F / stride, T / stride)."""
        return x + self.block(x) if self.residual else self.block(x)


class FrameMN(MelEncoder):
    """The network without its AudioSet heads.

    Batch norms keep their statistics even where it is fine-tuned. The original shifts the limits of
    its mel bands at random in training; here they stay.

    Args:
        width: of the channels; 0.6 for `frame_mn06`, 1 for `frame_mn10`.
    """

    kinds = ("frame", "aligned", "mean")
    filters: Tensor
    window: Tensor

    def __init__(self, *, width: float = 1.0) -> None:
        super().__init__()

        def channels(count: int) -> int:
            return rounded_channels(count * width)

        n_in = channels(STEM)
        layers: list[nn.Module] = [convolution(1, n_in, 3, nn.Hardswish, (2, 2))]
        for size, expanded, n_out, excite, swish, stride in BLOCKS:
            layers.append(
                InvertedResidual(
                    n_in,
                    n_in := channels(n_out),
                    expanded=channels(expanded),
                    size=size,
                    excite=excite,
                    swish=swish,
                    stride=stride,
                )
            )
        layers.append(convolution(n_in, WIDENING * channels(LAST), 1, nn.Hardswish))
        self.layers = nn.Sequential(*layers)
        window = functional.pad(hann_window(WINDOW, periodic=False), ((N_FFT - WINDOW) // 2,) * 2)
        filters = mel_filters(
            n_mels=N_MELS,
            n_fft=N_FFT,
            sample_rate=self.sample_rate,
            f_min=LOW_HERTZ,
            f_max=HIGH_HERTZ,
            scale="kaldi",
        )
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("filters", filters, persistent=False)

    @classmethod
    def from_state(cls, state: Any) -> Self:
        """From a published `frame_mn*_strong_1.pt`; its heads and mel constants are not needed."""
        tensors = published(state) if f"{PREFIX}features.0.0.weight" in state else dict(state)
        width = len(tensors[f"layers.{len(BLOCKS) + 1}.0.weight"]) / (WIDENING * LAST)
        return load_strictly(partial(cls, width=width), tensors, "The frame-wise MobileNet").eval()

    @classmethod
    def frame_times(cls, n_samples: int) -> np.ndarray:
        """Frame i is centred on mel frame 4 i, and that on sample 640 i."""
        count = 1 + ((n_samples - 1) // SHIFT) // TIME_STRIDE
        return np.arange(count) * TIME_STRIDE * SHIFT / cls.sample_rate

    def magnitudes(self, waveforms: Tensor) -> Tensor:
        """(B, S) waveforms -> (B, 128, 1 + (S - 1) // 160) linear mel power, always in float32."""
        with full_precision(waveforms):
            x = waveforms.float()
            spectrum = torch.stft(
                x[:, 1:] - PREEMPHASIS * x[:, :-1],
                N_FFT,
                hop_length=SHIFT,
                window=self.window,
                return_complex=True,
            )
            power = torch.view_as_real(spectrum).square().sum(-1)
            return self.filters.T @ power

    def scaled(self, magnitudes: Tensor) -> Tensor:
        """(B, 128, T) linear mel power -> (B, 128, T) log mel, always in float32."""
        with full_precision(magnitudes):
            return (magnitudes.clamp(min=FLOOR).log() + OFFSET) / SCALE

    def tokens(self, features: Tensor) -> Tensor:
        """(B, 128, T) -> (B, D, T / 4), rounded up."""
        return self.layers(features[:, None]).squeeze(2)

    def from_features(self, features: Tensor, kind: str | None = None) -> dict[str, Tensor]:
        """Vectors of 40 ms, in the order of time, of (B, 128, T) network input."""
        return self.derived(self.tokens(features))

    def forward(self, waveforms: Tensor, kind: str | None = None) -> dict[str, Tensor]:
        """Vectors of 40 ms, in the order of time."""
        return self.from_features(self.features(waveforms), kind)


def published(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The network's tensors in a published file under the names used here."""
    inside = f"{PREFIX}features."
    return {
        key.replace(inside, "layers."): value
        for key, value in state.items()
        if key.startswith(inside)
    }
