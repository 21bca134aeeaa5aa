"""BEATs (Chen et al., 2022, arXiv 2212.09058), the encoder of the DCASE 2023 and 2024 baselines."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sed_core.features.embeddings.encoder import Encoder, State, without_last
from sed_core.features.embeddings.fbank import SHIFT, WINDOW, fbank, kaldi_filterbank, povey_window
from sed_core.features.precision import full_precision
from sed_core.features.safe_load import load_strictly

N_MELS, PATCH = 128, 16
BANDS = N_MELS // PATCH  # patches of a moment
FULL_SCALE = 2**15  # it was trained on the values of 16-bit samples
MEAN, TWO_SIGMA = 15.41663, 2 * 6.55582  # of the fbank values of AudioSet
KERNEL, GROUPS = 128, 16  # of the convolution that tells positions
N_BUCKETS, MAX_DISTANCE = 320, 800  # of relative positions, in tokens

WRAPPED = ("model.beats.", "model.model.")  # of the network's tensors in PretrainedSED's files
SETTINGS = {
    "input_patch_size": PATCH,
    "conv_pos": KERNEL,
    "conv_pos_groups": GROUPS,
    "num_buckets": N_BUCKETS,
    "max_distance": MAX_DISTANCE,
    "relative_position_embedding": True,
    "gru_rel_pos": True,
    "deep_norm": True,
    "layer_norm_first": False,
    "activation_fn": "gelu",
}
"""What `cfg` says in all published files. Of its other entries, sizes are also those of the tensors
and the rest concerns the pre-training."""


class BEATs(Encoder):
    """BEATs with its front end, and with the AudioSet predictor where the weights have it.

    Kaldi fbank, normalisation, patches of 16 frames by 16 mels, transformer. A clip may have any
    length; of 10 s, the last 60 ms fill no patch and are not heard. Nothing is dropped in training.

    Args:
        width: of a token; 768 in the published networks.
        depth: transformer blocks.
        heads: of an attention.
        hidden: width inside a block's perceptron.
        patch_width: of a patch before it becomes a token.
        n_labels: outputs of the predictor (527 AudioSet classes); None: there is no predictor.

    Attributes:
        drop_last: blocks at the end that are left out of a published file.
    """

    kinds = ("frame", "aligned", "global", "mean")
    block_list = "encoder.layers"
    options = ("drop_last",)
    drop_last: ClassVar[int] = 0
    filters: Tensor
    window: Tensor

    def __init__(
        self,
        *,
        width: int = 768,
        depth: int = 12,
        heads: int = 12,
        hidden: int = 3072,
        patch_width: int = 512,
        n_labels: int | None = None,
    ) -> None:
        super().__init__()
        self.patch_embedding = nn.Conv2d(1, patch_width, PATCH, stride=PATCH, bias=False)
        self.layer_norm = nn.LayerNorm(patch_width)
        self.post_extract_proj = nn.Linear(patch_width, width)
        trained = depth + self.drop_last
        self.encoder = Transformer(width, depth, heads, hidden, residual=(2 * trained) ** 0.25)
        self.predictor = None if n_labels is None else nn.Linear(width, n_labels)
        self.register_buffer("window", povey_window(), persistent=False)
        self.register_buffer("filters", kaldi_filterbank(n_mels=N_MELS), persistent=False)

    @classmethod
    def from_state(cls, state: Any) -> Self:
        """From a published `.pt`, the authors' or PretrainedSED's; sizes are read off the tensors.

        Raises:
            ValueError: its `cfg` describes a network of another kind.
            SedError: `drop_last` leaves no block.
        """
        tensors: State = dict(state)
        if "model" in state:
            tensors = from_public(state)
        elif any(key.startswith(WRAPPED) for key in state):
            tensors = from_wrapper(state)
        if tensors.keys() != state.keys():
            tensors = without_last(tensors, "encoder.layers", cls.drop_last)
        predictor = tensors.get("predictor.bias")
        build = partial(
            cls,
            width=len(tensors["encoder.layer_norm.weight"]),
            depth=sum(key.endswith(".fc1.bias") for key in tensors),
            heads=tensors["encoder.position_bias.weight"].shape[1],
            hidden=len(tensors["encoder.layers.0.fc1.bias"]),
            patch_width=len(tensors["layer_norm.weight"]),
            n_labels=None if predictor is None else len(predictor),
        )
        return load_strictly(build, tensors, "BEATs").eval()

    @staticmethod
    def derived(frame: Any) -> dict[str, Any]:
        """`aligned` is the mean over the 8 patches of a moment, `mean` over all patches."""
        moments = frame.reshape(*frame.shape[:2], -1, BANDS)
        return {"frame": frame, "aligned": moments.mean(3), "mean": frame.mean(2)}

    @classmethod
    def frame_times(cls, n_samples: int) -> np.ndarray:
        """A patch spans 16 frames of 25 ms at a distance of 10 ms; one every 0.16 s."""
        count = (1 + (n_samples - WINDOW) // SHIFT) // PATCH
        first = ((PATCH - 1) * SHIFT + WINDOW) / 2 / cls.sample_rate
        return first + np.arange(count) * PATCH * SHIFT / cls.sample_rate

    def features(self, waveforms: Tensor) -> Tensor:
        """(B, S) waveforms -> (B, 1 + (S - 400) // 160, 128) network input; always in float32."""
        with full_precision(waveforms):
            energies = fbank(waveforms.float() * FULL_SCALE, self.filters, self.window)
            return (energies - MEAN) / TWO_SIGMA

    def tokens(self, features: Tensor) -> Tensor:
        """(B, T, 128) -> (B, T // 16 * 8, D): by time and, within a moment, by frequency."""
        patches = self.patch_embedding(features[:, None]).flatten(2).transpose(1, 2)
        return self.encoder(self.post_extract_proj(self.layer_norm(patches)))

    def forward(self, waveforms: Tensor, kind: str | None = None) -> dict[str, Tensor]:
        """`frame` has the order of `tokens`, as the original gives them.

        `global` are the predictor's logits; without one the mean token, as in DCASE 2023.
        """
        found = self.derived(self.tokens(self.features(waveforms)).transpose(1, 2))
        vector = found["mean"]
        return {**found, "global": vector if self.predictor is None else self.predictor(vector)}


class Transformer(nn.Module):
    """Positions by convolution and, relative ones, by a bias of the attention in all blocks.

    Args:
        width, depth, heads, hidden: as of `BEATs`.
        residual: weight of what a block adds to (deep norm: by the number of blocks in training).
    """

    def __init__(self, width: int, depth: int, heads: int, hidden: int, *, residual: float) -> None:
        super().__init__()
        self.pos_conv = nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2, groups=GROUPS)
        self.layer_norm = nn.LayerNorm(width)
        self.position_bias = nn.Embedding(N_BUCKETS, heads)
        self.layers = nn.ModuleList(Block(width, heads, hidden, residual) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) -> (B, L, D)."""
        length = x.shape[1]
        positions = self.pos_conv(x.transpose(1, 2))[..., :length]  # an even kernel gives L + 1
        x = self.layer_norm(x + functional.gelu(positions).transpose(1, 2))
        bias = self.position_bias(buckets(length, x.device)).permute(2, 0, 1)
        for layer in self.layers:
            x = layer(x, bias)
        return x


class Block(nn.Module):
    """Attention and perceptron, each normalised after a residual that weighs more than they do."""

    def __init__(self, width: int, heads: int, hidden: int, residual: float) -> None:
        super().__init__()
        self.residual = residual
        self.self_attn = Attention(width, heads)
        self.self_attn_layer_norm = nn.LayerNorm(width)
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.final_layer_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """(B, L, D), bias (H, L, L) -> (B, L, D)."""
        x = self.self_attn_layer_norm(self.residual * x + self.self_attn(x, bias))
        changed = self.fc2(functional.gelu(self.fc1(x)))
        return self.final_layer_norm(self.residual * x + changed)


class Attention(nn.Module):
    """Fused attention whose position bias every query scales by a gate of its own."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj = nn.Linear(width, width), nn.Linear(width, width)
        self.v_proj, self.out_proj = nn.Linear(width, width), nn.Linear(width, width)
        self.grep_linear = nn.Linear(width // heads, 8)
        self.grep_a = nn.Parameter(torch.ones(1, heads, 1, 1))

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """(B, L, D), bias (H, L, L) -> (B, L, D)."""
        q, k, v = (
            projection(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for projection in (self.q_proj, self.k_proj, self.v_proj)
        )
        gated = (self.gate(q) * bias).to(q.dtype)
        x = functional.scaled_dot_product_attention(q, k, v, attn_mask=gated)
        return self.out_proj(x.transpose(1, 2).flatten(2))

    def gate(self, q: Tensor) -> Tensor:
        """(B, H, L, D / H) -> (B, H, L, 1): factors of the bias, after WavLM (2021)."""
        a, b = self.grep_linear(q).unflatten(-1, (2, -1)).sum(-1).sigmoid().split(1, dim=-1)
        return a * (b * self.grep_a - 1.0) + 2.0


def buckets(length: int, device: torch.device) -> Tensor:
    """Classes of distance from queries (rows) to keys (columns), (L, L).

    One for each distance below 80, then ever wider ones, the last without an end; the first 160 are
    of keys that come no later than the query, the others of later keys.
    """
    at = torch.arange(length, device=device)
    offset = at[None] - at[:, None]
    distance, half = offset.abs(), N_BUCKETS // 2
    exact = half // 2
    share = torch.log(distance.clamp(min=1) / exact) / math.log(MAX_DISTANCE / exact)
    wide = (exact + (share * (half - exact)).long()).clamp(max=half - 1)
    return torch.where(distance < exact, distance, wide) + half * (offset > 0)


def from_public(state: Mapping[str, Any]) -> State:
    """Tensors of a published file under the names used here.

    The position bias, which the file repeats for every block, comes once, and the weight of the
    convolution is worked out of the norm and the direction that stand for it.

    Raises:
        KeyError: something is missing.
        ValueError: `cfg` describes a network of another kind.
    """
    told = state["cfg"]
    for key, value in SETTINGS.items():
        if told.get(key) != value:
            raise ValueError(f"its cfg says {key}={told.get(key)!r}, this network has {value!r}")
    return renamed(state["model"])


def from_wrapper(state: State) -> dict[str, Tensor]:
    """The same of a file of PretrainedSED, whose heads and mel constants are not needed."""
    inside = {}
    for key, value in state.items():
        prefix = next((p for p in WRAPPED if key.startswith(p)), None)
        if prefix is not None and "mel_transform" not in key:
            place = key.removeprefix(prefix)
            for ours, theirs in (("g", "original0"), ("v", "original1")):
                place = place.replace(f"parametrizations.weight.{theirs}", f"weight_{ours}")
            inside[place] = value
    return renamed(inside)


def renamed(state: State) -> dict[str, Tensor]:
    """The authors' tensors under the names used here; see `from_public`."""
    repeated = ".self_attn.relative_attention_bias.weight"
    found = {key: value for key, value in state.items() if not key.endswith(repeated)}
    found["encoder.position_bias.weight"] = state[f"encoder.layers.0{repeated}"]
    found["encoder.pos_conv.bias"] = found.pop("encoder.pos_conv.0.bias")
    norm, direction = (found.pop(f"encoder.pos_conv.0.weight_{part}") for part in "gv")
    length = torch.linalg.vector_norm(direction, dim=(0, 1), keepdim=True)
    found["encoder.pos_conv.weight"] = direction * (norm / length)
    return found
