"""ATST-Frame (Li et al., 2023) as PretrainedSED runs it, with its front end: 40 ms a vector."""

from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sed_core.features.embeddings.atst_names import renamed
from sed_core.features.embeddings.encoder import MelEncoder, State, without_last
from sed_core.features.embeddings.vit_block import EPSILON, Block
from sed_core.features.mel_filters import hann_window, mel_filters
from sed_core.features.precision import full_precision
from sed_core.features.safe_load import load_strictly

N_FFT, HOP = 1024, 160
N_MELS, LOW_HERTZ, HIGH_HERTZ = 64, 60.0, 7800.0
POWER_FLOOR, TOP_DB = 1e-10, 80.0
LOWEST, HIGHEST = -50.0, 80.0
SHIFT, SPAN = 79.6482, 130.3324
PATCH = 4  # mel frames a token
CHUNK = 160000  # samples that the network has positions for
PREFIXES = (
    "model.atst.",
    "model.teacher.encoder.",
    "encoder.encoder.frame_encoder.",
    "encoder.encoder.",
)
"""Of the network's tensors in published files: PretrainedSED's, and the authors' own of
pre-training, of training with a network for clips, and of fine-tuning."""
UNUSED = ("mask_embed", "cls_token", "teacher_module.")
"""Only training needs them: what hides tokens, and what tells clips apart."""


class ATSTFrame(MelEncoder):
    """The network without the heads that a file may have.

    It has positions for 10 s. Longer clips are heard in pieces of 10 s, the last filled with zeros,
    and their frames joined, as PretrainedSED does. Nothing is dropped in training.

    Args:
        width: of a token, a multiple of 64.
        depth: blocks.
        hidden: width inside a block's perceptron.
        n_positions: of tokens, and one more that is never used.

    Attributes:
        drop_last: blocks at the end that are left out of a published file.
        top_db: whose loudest value the floor lies 80 dB below, a `clip`'s or, as in the original,
            all of a `batch`; then a clip's embeddings depend on its neighbours.
    """

    kinds = ("frame", "aligned", "mean")
    block_list = "blocks"
    whole_seconds = 10.0
    options = ("drop_last", "top_db")
    drop_last: ClassVar[int] = 0
    top_db: ClassVar[str] = "clip"
    filters: Tensor
    window: Tensor

    def __init__(
        self, *, width: int = 768, depth: int = 12, hidden: int = 3072, n_positions: int = 251
    ) -> None:
        super().__init__()
        self.patch_embed = nn.Linear(N_MELS * PATCH, width)
        self.pos_embed = nn.Parameter(torch.zeros(1, n_positions, width))
        self.blocks = nn.ModuleList(Block(width, hidden, bias=False) for _ in range(depth))
        self.norm_frame = nn.LayerNorm(width, EPSILON)
        filters = mel_filters(
            n_mels=N_MELS,
            n_fft=N_FFT,
            sample_rate=self.sample_rate,
            f_min=LOW_HERTZ,
            f_max=HIGH_HERTZ,
        )
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("window", hann_window(N_FFT), persistent=False)

    @classmethod
    def from_state(cls, state: Any) -> Self:
        """From a published file, PretrainedSED's `ATST-F_*.pt` or one of the authors' own.

        Sizes are read off the tensors.

        Raises:
            SedError: `drop_last` leaves no block.
        """
        tensors = published(state.get("state_dict", state), cls.drop_last)
        width = len(tensors["norm_frame.weight"])
        build = partial(
            cls,
            width=width,
            depth=sum(key.endswith(".mlp.fc1.bias") for key in tensors),
            hidden=len(tensors["blocks.0.mlp.fc1.bias"]),
            n_positions=tensors["pos_embed"].shape[1],
        )
        return load_strictly(build, tensors, "ATST-Frame").eval()

    @classmethod
    def frame_times(cls, n_samples: int) -> np.ndarray:
        """A token is four mel frames, which are centred 10 ms apart, from 0 s on."""
        chunks, rest = divmod(n_samples, CHUNK)
        count = chunks * (CHUNK // HOP // PATCH) + (1 + rest // HOP) // PATCH
        return ((PATCH - 1) / 2 + PATCH * np.arange(count)) * HOP / cls.sample_rate

    def magnitudes(self, waveforms: Tensor) -> Tensor:
        """(B, S) waveforms -> (B, 64, 1 + S // 160) linear mel power, always in float32."""
        with full_precision(waveforms):
            spectrum = torch.stft(
                waveforms.float(), N_FFT, hop_length=HOP, window=self.window, return_complex=True
            )
            power = torch.view_as_real(spectrum).square().sum(-1)
            return self.filters.T @ power

    def scaled(self, magnitudes: Tensor) -> Tensor:
        """(B, 64, T) linear mel power -> (B, 64, T) in about -1 to 1, always in float32."""
        with full_precision(magnitudes):
            decibels = 10.0 * magnitudes.clamp(min=POWER_FLOOR).log10()
            over = (1, 2) if self.top_db == "clip" else (0, 1, 2)
            floor = decibels.amax(over, keepdim=True) - TOP_DB
            limited = torch.maximum(decibels, floor).clamp(LOWEST, HIGHEST)
            return (limited + SHIFT) / SPAN * 2.0 - 1.0

    def patches(self, features: Tensor) -> Tensor:
        """(B, 64, T) -> (B, T // 4, D): tokens with their positions; the first is never used."""
        count = features.shape[2] // PATCH
        cut = features[..., : count * PATCH].unflatten(2, (count, PATCH))
        tokens = self.patch_embed(cut.transpose(1, 2).flatten(2))
        return tokens + self.pos_embed[:, 1 : count + 1]

    def tokens(self, features: Tensor) -> Tensor:
        """(B, 64, T) -> (B, T // 4, D), T up to 1003."""
        x = self.patches(features)
        for block in self.blocks:
            x = block(x)
        return self.norm_frame(x)

    def from_features(self, features: Tensor, kind: str | None = None) -> dict[str, Tensor]:
        """Vectors of 40 ms, in the order of time, of (B, 64, T) network input, T up to 1003."""
        return self.derived(self.tokens(features).mT)

    def forward(self, waveforms: Tensor, kind: str | None = None) -> dict[str, Tensor]:
        """Vectors of 40 ms, in the order of time."""
        size, length = waveforms.shape
        if length <= CHUNK:
            return self.from_features(self.features(waveforms), kind)
        pieces = functional.pad(waveforms, (0, -length % CHUNK)).reshape(-1, CHUNK)
        found = self.tokens(self.features(pieces)).reshape(size, -1, self.pos_embed.shape[2])
        return self.derived(found.mT[..., : len(self.frame_times(length))])


def published(state: State, drop_last: int) -> dict[str, Tensor]:
    """The network's tensors in a published file under the names used here; its own as they are.

    Raises:
        SedError: `drop_last` leaves no block.
    """
    prefix = next((p for p in PREFIXES if any(key.startswith(p) for key in state)), None)
    if prefix is None:
        return dict(state)
    inside = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
    kept = {renamed(k): v for k, v in inside.items() if not k.startswith(UNUSED)}
    return without_last(kept, "blocks", drop_last)
