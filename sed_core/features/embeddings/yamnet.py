"""YAMNet (Plakal and Ellis, tensorflow/models, research/audioset/yamnet) with its front end.

A MobileNet v1 that hears patches of 0.96 s; of each it gives 1,024 values and the scores of 521
AudioSet classes.
"""

from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sed_core.features.embeddings.encoder import Encoder
from sed_core.features.mel_filters import hann_window, mel_filters
from sed_core.features.precision import full_precision
from sed_core.features.safe_load import load_strictly
from sed_core.runtime.errors import SedError

WINDOW, HOP, N_FFT = 400, 160, 512
N_MELS, LOW_HERTZ, HIGH_HERTZ = 64, 125.0, 7500.0
LOG_OFFSET = 0.001
PATCH_FRAMES = 96
PATCH_SAMPLES = (PATCH_FRAMES - 1) * HOP + WINDOW
PUBLISHED_HOP = 7680  # samples between two patches
FINEST_HOP = 640
STRIDES = (2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
CHANNELS = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
N_LABELS = 521
EPSILON = 1e-4  # of the norms; a fifth of their variances are smaller, so it decides the output


class Convolution(nn.Module):
    """Convolution without bias, batch norm, ReLU; padded as TensorFlow's SAME.

    Args:
        n_in: channels.
        n_out: channels.
        size: of the kernel, 3 or 1.
        stride: in both axes; 2 only on even sizes.
        groups: `n_in` for a depthwise convolution.
    """

    def __init__(self, n_in: int, n_out: int, size: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, size, stride, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(n_out, eps=EPSILON)
        before = int(size == 3 and stride == 1)
        self.padding = (before, int(size == 3)) * 2

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, F) -> (N, C', T / stride, F / stride)."""
        return functional.relu(self.bn(self.conv(functional.pad(x, self.padding))))


class YAMNet(Encoder):
    """All of YAMNet, its classifier included.

    Patch i is centred on the i-th hop: the audio is shifted by half of what a patch is longer than
    a hop, so that every frame has the time that it stands for. `published` cuts as the original
    does, from the first sample on. Batch norms keep their statistics even where it is fine-tuned.

    Args:
        channels: of the 14 layers.
        n_labels: of the classifier.

    Attributes:
        patch_hop: seconds between two patches, a multiple of 0.01 from 0.04 to 0.96.
    """

    kinds = ("frame", "aligned", "global", "mean")
    options = ("patch_hop",)
    patch_hop: ClassVar[float] = PUBLISHED_HOP / Encoder.sample_rate
    filters: Tensor
    window: Tensor

    def __init__(self, *, channels: tuple[int, ...] = CHANNELS, n_labels: int = N_LABELS) -> None:
        super().__init__()
        layers: list[nn.Module] = [Convolution(1, channels[0], 3, STRIDES[0])]
        for (n_in, n_out), stride in zip(pairwise(channels), STRIDES[1:], strict=True):
            depthwise = Convolution(n_in, n_in, 3, stride, groups=n_in)
            layers.append(nn.Sequential(depthwise, Convolution(n_in, n_out, 1)))
        self.layers = nn.Sequential(*layers)
        self.logits = nn.Linear(channels[-1], n_labels)
        self.register_buffer("window", hann_window(WINDOW), persistent=False)
        self.register_buffer("filters", mel_filterbank(), persistent=False)

    @classmethod
    def configured(cls, **options: Any) -> type[Self]:
        """The same network with another `patch_hop`.

        Raises:
            SedError: another option, or a distance that is no multiple of 0.01 s or out of range.
        """
        changed = super().configured(**options)
        samples, seconds = changed.hop_samples(), changed.patch_hop
        exact = np.isclose(samples, seconds * cls.sample_rate) and samples % HOP == 0
        if not (exact and FINEST_HOP <= samples <= PATCH_FRAMES * HOP):
            raise SedError(
                f"YAMNet's patches cannot be {seconds:g} s apart (patch_hop); give a multiple of "
                "0.01 s from 0.04 to 0.96."
            )
        return changed

    @classmethod
    def hop_samples(cls) -> int:
        """Samples between two patches."""
        return round(cls.patch_hop * cls.sample_rate)

    @classmethod
    def from_state(cls, state: Any) -> Self:
        """From the content of the published `yamnet.h5` (dataset path -> tensor)."""
        tensors = dict(state)
        if "layer1/conv/layer1/conv/kernel:0" in tensors:
            tensors = renamed(tensors)
        last = [f"layers.{number}.1.conv.weight" for number in range(1, len(CHANNELS))]
        widths = [tensors[name].shape[0] for name in ("layers.0.conv.weight", *last)]
        build = partial(cls, channels=tuple(widths), n_labels=tensors["logits.bias"].shape[0])
        return load_strictly(build, tensors, "YAMNet").eval()

    @classmethod
    def frame_times(cls, n_samples: int) -> np.ndarray:
        """The middles of the patches are those of the hops."""
        hop = cls.hop_samples()
        return (np.arange(-(-n_samples // hop)) + 0.5) * hop / cls.sample_rate

    def features(self, waveforms: Tensor) -> Tensor:
        """(B, S) waveforms -> (B, T, 64) log-mel of the shifted audio; zeros before and after."""
        hop = self.hop_samples()
        before = (PATCH_SAMPLES - hop) // 2
        whole = PATCH_SAMPLES + (-(-waveforms.shape[1] // hop) - 1) * hop
        return self.log_mel(
            functional.pad(waveforms, (before, whole - before - waveforms.shape[1]))
        )

    def log_mel(self, waveforms: Tensor) -> Tensor:
        """(B, S) -> (B, 1 + (S - 400) // 160, 64): ln(mel + 0.001); frame i begins at 160 i."""
        with full_precision(waveforms):
            frames = waveforms.float().unfold(1, WINDOW, HOP) * self.window
            magnitudes = torch.fft.rfft(frames, N_FFT).abs()
            return (magnitudes @ self.filters + LOG_OFFSET).log()

    def patches(self, features: Tensor, hop: int) -> Tensor:
        """(B, T, 64) -> (B, P, 96, 64), `hop` samples apart."""
        return features.unfold(1, PATCH_FRAMES, hop // HOP).transpose(2, 3)

    def embeddings(self, patches: Tensor) -> Tensor:
        """(..., 96, 64) -> (..., 1024): the mean of the last map."""
        maps = self.layers(patches.reshape(-1, 1, PATCH_FRAMES, N_MELS))
        return maps.mean((2, 3)).unflatten(0, patches.shape[:-2])

    def published(self, waveforms: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (B, P, 521) and embeddings (B, P, 1024) of the patches that the original cuts.

        They begin at the first sample and lie 0.48 s apart; zeros at the end fill the last one.
        """
        missing = max(0, waveforms.shape[1] - PATCH_SAMPLES)
        whole = PATCH_SAMPLES + -(-missing // PUBLISHED_HOP) * PUBLISHED_HOP
        features = self.log_mel(functional.pad(waveforms, (0, whole - waveforms.shape[1])))
        found = self.embeddings(self.patches(features, PUBLISHED_HOP))
        return self.logits(found).sigmoid(), found

    def forward(self, waveforms: Tensor, kind: str | None = None) -> dict[str, Tensor]:
        """`global` is the mean over the patches of the scores of 521 AudioSet classes."""
        found = self.embeddings(self.patches(self.features(waveforms), self.hop_samples()))
        kinds = self.derived(found.transpose(1, 2))
        if kind in kinds:
            return kinds
        return {**kinds, "global": self.logits(found).sigmoid().mean(1)}


def mel_filterbank() -> Tensor:
    """(257, 64) filters as TensorFlow makes them; the bin of 0 Hz is not heard."""
    return mel_filters(
        n_mels=N_MELS,
        n_fft=N_FFT,
        sample_rate=Encoder.sample_rate,
        f_min=LOW_HERTZ,
        f_max=HIGH_HERTZ,
        scale="kaldi",
        dtype=torch.float64,
    )


def renamed(datasets: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of `yamnet.h5` (`<layer>/<layer>/<weight>:0`, the layer's name twice) as ours.

    Raises:
        KeyError: one is missing. What the file has besides stays unread.
    """

    def of(layer: str, weight: str) -> Tensor:
        return datasets[f"{layer}/{layer}/{weight}:0"]

    state = {"logits.weight": of("logits", "kernel").T, "logits.bias": of("logits", "bias")}
    places = [("layer1/conv", "kernel", "layers.0")]
    for number in range(2, len(CHANNELS) + 1):
        ours = f"layers.{number - 1}"
        places.append((f"layer{number}/depthwise_conv", "depthwise_kernel", f"{ours}.0"))
        places.append((f"layer{number}/pointwise_conv", "kernel", f"{ours}.1"))
    for theirs, kernel, ours in places:
        # (height, width, in, out), of a depthwise kernel (height, width, channel, 1)
        order = (2, 3, 0, 1) if kernel == "depthwise_kernel" else (3, 2, 0, 1)
        state[f"{ours}.conv.weight"] = of(theirs, kernel).permute(order).contiguous()
        shift = of(f"{theirs}/bn", "beta")
        state[f"{ours}.bn.weight"] = torch.ones_like(shift)  # the original has no scale
        state[f"{ours}.bn.bias"] = shift
        state[f"{ours}.bn.running_mean"] = of(f"{theirs}/bn", "moving_mean")
        state[f"{ours}.bn.running_var"] = of(f"{theirs}/bn", "moving_variance")
        state[f"{ours}.bn.num_batches_tracked"] = torch.tensor(0)
    return state
