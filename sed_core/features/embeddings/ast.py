"""Audio Spectrogram Transformer (Gong et al., 2021), stride 10 x 10, as DCASE 2022 used it."""

from functools import partial
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sed_core.features.embeddings.ast_names import from_public
from sed_core.features.embeddings.encoder import Encoder
from sed_core.features.embeddings.fbank import SHIFT, WINDOW, fbank, kaldi_filterbank
from sed_core.features.embeddings.vit_block import EPSILON, Block
from sed_core.features.mel_filters import hann_window
from sed_core.features.precision import full_precision
from sed_core.features.safe_load import load_strictly

N_MELS, N_FRAMES = 128, 1024
PATCH, STRIDE = 16, 10
N_BANDS, N_TIMES = ((size - PATCH) // STRIDE + 1 for size in (N_MELS, N_FRAMES))
N_SPECIAL = 2  # class and distillation token stand before the patches
MEAN, TWO_SIGMA = -4.2677393, 2 * 4.5689974  # of the fbank values of AudioSet


class AST(Encoder):
    """AST with its front end and its AudioSet head.

    Waveform minus its mean, Kaldi fbank, zeros up to 1024 frames, normalisation, 12 x 101 patches,
    transformer. The network has no more positions: sound beyond 10.255 s would not be heard, so
    clips beyond 10.24 s are refused before anything runs.

    Args:
        width: of a token; 768 in base384.
        depth: transformer blocks.
        hidden: width inside a block's perceptron.
        n_labels: outputs of the head (527 AudioSet classes).
    """

    kinds = ("frame", "aligned", "global", "mean")
    alignable = False  # by frequency first, then by time
    block_list = "blocks"
    max_seconds = 10.24
    filters: Tensor
    window: Tensor

    def __init__(
        self,
        *,
        width: int = 768,
        depth: int = 12,
        hidden: int = 3072,
        n_labels: int = 527,
    ) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.dist_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, N_SPECIAL + N_BANDS * N_TIMES, width))
        self.patch_embed = nn.Conv2d(1, width, PATCH, STRIDE)
        self.blocks = nn.ModuleList(Block(width, hidden, bias=True) for _ in range(depth))
        self.norm = nn.LayerNorm(width, EPSILON)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, n_labels))
        self.register_buffer("window", hann_window(WINDOW, periodic=False), persistent=False)
        self.register_buffer("filters", kaldi_filterbank(n_mels=N_MELS), persistent=False)

    @classmethod
    def from_state(cls, state: Any) -> Self:
        """From the original `.pth` or the Hugging Face file; sizes are read off the tensors."""
        tensors = from_public(state)
        build = partial(
            cls,
            width=len(tensors["norm.weight"]),
            depth=sum(key.endswith(".mlp.fc1.bias") for key in tensors),
            hidden=len(tensors["blocks.0.mlp.fc1.bias"]),
            n_labels=len(tensors["head.1.bias"]),
        )
        return load_strictly(build, tensors, "AST").eval()

    @staticmethod
    def derived(frame: Any) -> dict[str, Any]:
        """`aligned` is the mean over the 12 patches of a moment, `mean` of the two extra tokens."""
        patches = frame[..., N_SPECIAL:]
        return {
            "frame": frame,
            "aligned": patches.reshape(*patches.shape[:2], -1, N_TIMES).mean(2),
            "mean": frame[..., :N_SPECIAL].mean(2),
        }

    @classmethod
    def frame_times(cls, n_samples: int) -> np.ndarray:
        """A patch spans 16 frames of 25 ms at a distance of 10 ms, one every 0.1 s."""
        first = ((PATCH - 1) * SHIFT + WINDOW) / 2 / cls.sample_rate
        return first + np.arange(N_TIMES) * STRIDE * SHIFT / cls.sample_rate

    def features(self, waveforms: Tensor) -> Tensor:
        """(B, S) waveforms -> (B, 1024, 128) network input; always in float32."""
        with full_precision(waveforms):
            centred = waveforms.float() - waveforms.float().mean(-1, keepdim=True)
            energies = fbank(centred, self.filters, self.window)[:, :N_FRAMES]
            energies = functional.pad(energies, (0, 0, 0, N_FRAMES - energies.shape[1]))
            return (energies - MEAN) / TWO_SIGMA

    def patches(self, features: Tensor) -> Tensor:
        """(B, 1024, 128) -> (B, 2 + 12 * 101, D): two extra tokens, patches by frequency."""
        found = self.patch_embed(features.mT[:, None]).flatten(2).mT
        extra = torch.cat((self.cls_token, self.dist_token), dim=1)
        return torch.cat((extra.expand(len(features), -1, -1), found), dim=1) + self.pos_embed

    def tokens(self, features: Tensor) -> Tensor:
        """(B, 1024, 128) -> (B, 2 + 12 * 101, D): class, distillation, patches by frequency."""
        x = self.patches(features)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def forward(self, waveforms: Tensor, kind: str | None = None) -> dict[str, Tensor]:
        """`global` are the logits of the head that came with the weights."""
        found = self.derived(self.tokens(self.features(waveforms)).transpose(1, 2))
        return {**found, "global": self.head(found["mean"])}
