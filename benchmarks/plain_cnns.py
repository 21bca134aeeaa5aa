"""Cnn14, YAMNet and the frame-wise MobileNets written plainly, for `encoders.py` to measure beside.

Front ends are torchaudio's where it has them. Parameters come in the order of those in
`sed_core.features.embeddings`, so both run on the same weights.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sed_core.features.torchaudio_import import torchaudio


class PlainPANNs(nn.Module):
    """Cnn14 up to the block whose output is the frame embedding, the third."""

    def __init__(self) -> None:
        super().__init__()
        self.mel = torchaudio.transforms.MelSpectrogram(
            16000,
            n_fft=512,
            hop_length=160,
            f_min=50,
            f_max=8000,
            n_mels=64,
            norm="slaney",
            mel_scale="slaney",
        )
        self.decibels = torchaudio.transforms.AmplitudeToDB("power")
        self.bn0 = nn.BatchNorm2d(64)
        self.blocks: Any = nn.ModuleList()
        for n_in, n_out in ((1, 64), (64, 128), (128, 256)):
            layers = {
                "conv1": nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
                "conv2": nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
                "bn1": nn.BatchNorm2d(n_out),
                "bn2": nn.BatchNorm2d(n_out),
            }
            self.blocks.append(nn.ModuleDict(layers))

    def forward(self, clips: Tensor) -> Tensor:
        """(B, S) -> (B, 2048, 125) of 10 s."""
        x = self.decibels(self.mel(clips)).transpose(1, 2)[:, None]  # (B, 1, T, 64)
        x = self.bn0(x.transpose(1, 3)).transpose(1, 3)
        for block in self.blocks:
            x = functional.relu(block["bn1"](block["conv1"](x)))
            x = functional.relu(block["bn2"](block["conv2"](x)))
            x = functional.avg_pool2d(x, 2)
        return x.transpose(2, 3).flatten(1, 2)


def separable(n_in: int, n_out: int, stride: int) -> nn.Sequential:
    """Depthwise and pointwise convolution of MobileNet v1; TensorFlow pads after the end."""
    padding = (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1)
    return nn.Sequential(
        nn.ZeroPad2d(padding),
        nn.Conv2d(n_in, n_in, 3, stride, groups=n_in, bias=False),
        nn.BatchNorm2d(n_in, eps=1e-4),
        nn.ReLU(),
        nn.Conv2d(n_in, n_out, 1, bias=False),
        nn.BatchNorm2d(n_out, eps=1e-4),
        nn.ReLU(),
    )


class PlainYAMNet(nn.Module):
    """YAMNet on patches of 0.96 s, every 0.48 s, each centred on its hop."""

    def __init__(self) -> None:
        super().__init__()
        layers = [nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(1, 32, 3, 2, bias=False)]
        layers += [nn.BatchNorm2d(32, eps=1e-4), nn.ReLU()]
        widths = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
        strides = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
        for n_in, n_out, stride in zip(widths[:-1], widths[1:], strides, strict=True):
            layers.append(separable(n_in, n_out, stride))
        self.layers = nn.Sequential(*layers)
        mel = 1127 * np.log1p(np.arange(257) * 16000 / 512 / 700)
        low, high = 1127 * np.log1p(np.array([125, 7500]) / 700)
        edges = np.linspace(low, high, 66)
        up = (mel[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
        down = (edges[2:] - mel[:, None]) / (edges[2:] - edges[1:-1])
        self.triangles = torch.from_numpy(np.maximum(0, np.minimum(up, down))).float()

    def forward(self, clips: Tensor) -> Tensor:
        """(B, S) -> (B, 1024, P)."""
        patch, hop = 95 * 160 + 400, 7680
        before, count = (patch - hop) // 2, -(-clips.shape[1] // hop)
        found = []
        for clip in clips:
            x = functional.pad(clip, (before, (count - 1) * hop + patch - before - len(clip)))
            frames = x.unfold(0, 400, 160) * torch.hann_window(400)
            mel = torch.log(torch.fft.rfft(frames, 512).abs() @ self.triangles + 0.001)
            patches = torch.stack([mel[48 * i : 48 * i + 96] for i in range(count)])
            found.append(self.layers(patches[:, None]).mean((2, 3)).T)
        return torch.stack(found)


def eighths(count: float) -> int:
    """The nearest multiple of 8, at least 8, never more than a tenth too small."""
    near = max(8, 8 * int((count + 4) // 8))
    return near + 8 if near < 0.9 * count else near


class Excite(nn.Module):
    """Squeeze and excitation."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        few = eighths(n_channels // 4)
        self.fc1, self.fc2 = nn.Linear(n_channels, few), nn.Linear(few, n_channels)

    def forward(self, x: Tensor) -> Tensor:
        factors = torch.sigmoid(self.fc2(functional.relu(self.fc1(x.mean((2, 3))))))
        return x * factors[:, :, None, None]


class Bottleneck(nn.Module):
    """MobileNetV3's block: widen, convolve each channel, weigh channels, narrow."""

    def __init__(
        self,
        n_in: int,
        wide: int,
        n_out: int,
        size: int,
        *,
        excite: bool,
        swish: bool,
        stride: tuple[int, int],
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []

        def add(
            a: int, b: int, kernel: int, stride: tuple[int, int] = (1, 1), groups: int = 1
        ) -> None:
            layers.append(nn.Conv2d(a, b, kernel, stride, kernel // 2, groups=groups, bias=False))
            layers.append(nn.BatchNorm2d(b, eps=0.001))

        def activate() -> None:
            layers.append(nn.Hardswish() if swish else nn.ReLU())

        if wide != n_in:
            add(n_in, wide, 1)
            activate()
        add(wide, wide, size, stride, wide)
        activate()
        if excite:
            layers.append(Excite(wide))
        add(wide, n_out, 1)
        self.layers = nn.Sequential(*layers)
        self.skip = n_in == n_out and stride == (1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x) + x if self.skip else self.layers(x)


class PlainFrameMN(nn.Module):
    """MobileNetV3 with a vector every 40 ms."""

    def __init__(self, width: float) -> None:
        super().__init__()
        # kernel, widened, out, excitation, hard swish, stride over mel and time
        table = [(3, 16, 16, 0, 0, 1, 1), (3, 64, 24, 0, 0, 2, 2), (3, 72, 24, 0, 0, 2, 1)]
        table += [(5, 72, 40, 1, 0, 1, 1), (5, 120, 40, 1, 0, 1, 1), (5, 120, 40, 1, 0, 2, 1)]
        table += [(3, 240, 80, 0, 1, 1, 1), (3, 200, 80, 0, 1, 2, 1), (3, 184, 80, 0, 1, 1, 1)]
        table += [(3, 184, 80, 0, 1, 1, 1), (3, 480, 112, 1, 1, 2, 1), (3, 672, 112, 1, 1, 1, 1)]
        table += [(5, 672, 160, 1, 1, 1, 1), (5, 960, 160, 1, 1, 1, 1), (5, 960, 160, 1, 1, 2, 1)]
        n_in = eighths(16 * width)
        layers = [nn.Conv2d(1, n_in, 3, 2, 1, bias=False), nn.BatchNorm2d(n_in, eps=0.001)]
        layers += [nn.Hardswish()]
        for size, wide, n_out, excite, swish, over_mel, over_time in table:
            wide, n_out = eighths(wide * width), eighths(n_out * width)
            kind = {"excite": excite == 1, "swish": swish == 1}
            stride = over_mel, over_time
            layers.append(Bottleneck(n_in, wide, n_out, size, **kind, stride=stride))
            n_in = n_out
        last = 6 * eighths(160 * width)
        layers += [nn.Conv2d(n_in, last, 1, bias=False), nn.BatchNorm2d(last, eps=0.001)]
        self.layers = nn.Sequential(*layers, nn.Hardswish())
        unwarped = (100.0, -500.0, 1.0)
        banks = torchaudio.compliance.kaldi.get_mel_banks(128, 512, 16000.0, 0.0, 7000.0, *unwarped)
        self.banks = functional.pad(banks[0], (0, 1))
        self.window = torch.hann_window(400, periodic=False)

    def forward(self, clips: Tensor) -> Tensor:
        """(B, S) -> (B, D, T) with a vector every 40 ms."""
        x = functional.conv1d(clips[:, None], torch.tensor([[[-0.97, 1.0]]]))[:, 0]
        x = torch.stft(x, 512, 160, win_length=400, window=self.window, return_complex=True)
        x = torch.log((self.banks @ x.abs() ** 2).clamp(min=1e-7))
        return self.layers((x[:, None] + 4.5) / 5).squeeze(2)
