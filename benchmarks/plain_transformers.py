"""AST, BEATs and ATST-Frame, written plainly, for `encoders.py` to measure beside.

Front ends are torchaudio's, attention is its formula. Parameters have the names that
`sed_core.features.embeddings` gives them, so both run on the same weights.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from sed_core.features.torchaudio_import import torchaudio


def attention(q: Tensor, k: Tensor, v: Tensor, heads: int, bias: Tensor | None = None) -> Tensor:
    """softmax(q k' / sqrt(d) + bias) v for (B, L, D) of several heads."""
    batch, length, width = q.shape
    q, k, v = (x.view(batch, length, heads, width // heads).transpose(1, 2) for x in (q, k, v))
    scores = q @ k.transpose(2, 3) / math.sqrt(width // heads)
    if bias is not None:
        scores = scores + bias
    return (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, width)


class ViTBlock(nn.Module):
    """Norm before attention and before the perceptron."""

    def __init__(self, *, bias: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(768, eps=1e-6), nn.LayerNorm(768, eps=1e-6)
        heard = {"qkv": nn.Linear(768, 2304, bias=bias), "proj": nn.Linear(768, 768)}
        self.attn = nn.ModuleDict(heard)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(768, 3072), "fc2": nn.Linear(3072, 768)})

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.attn["qkv"](self.norm1(x)).chunk(3, dim=-1)
        x = x + self.attn["proj"](attention(q, k, v, 12))
        return x + self.mlp["fc2"](functional.gelu(self.mlp["fc1"](self.norm2(x))))


class PlainAST(nn.Module):
    """AST base384: patches of 16 x 16 at a stride of 10, two extra tokens, twelve blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, 768))
        self.dist_token = nn.Parameter(torch.zeros(1, 1, 768))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1214, 768))
        self.patch_embed = nn.Conv2d(1, 768, 16, stride=10)
        self.blocks = nn.ModuleList(ViTBlock(bias=True) for _ in range(12))
        self.norm = nn.LayerNorm(768, eps=1e-6)

    def features(self, clip: Tensor) -> Tensor:
        """(S,) -> (1024, 128)."""
        x = torchaudio.compliance.kaldi.fbank(
            (clip - clip.mean())[None],
            htk_compat=True,
            sample_frequency=16000,
            use_energy=False,
            window_type="hanning",
            num_mel_bins=128,
            dither=0.0,
            frame_shift=10,
        )
        x = functional.pad(x, (0, 0, 0, 1024 - len(x)))
        return (x + 4.2677393) / (2 * 4.5689974)

    def forward(self, clips: Tensor) -> Tensor:
        """(B, S) -> (B, 768, 1214)."""
        x = torch.stack([self.features(clip) for clip in clips])
        x = self.patch_embed(x.transpose(1, 2)[:, None]).flatten(2).transpose(1, 2)
        extra = (self.cls_token, self.dist_token)
        x = torch.cat([*(token.expand(len(x), -1, -1) for token in extra), x], dim=1)
        x = x + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.norm(x).transpose(1, 2)


class BEATsAttention(nn.Module):
    """With a position bias that each query's gate scales."""

    def __init__(self) -> None:
        super().__init__()
        self.q_proj, self.k_proj = nn.Linear(768, 768), nn.Linear(768, 768)
        self.v_proj, self.out_proj = nn.Linear(768, 768), nn.Linear(768, 768)
        self.grep_linear = nn.Linear(64, 8)
        self.grep_a = nn.Parameter(torch.ones(1, 12, 1, 1))

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        q, k, v = self.q_proj(x), self.k_proj(x), self.v_proj(x)
        of_heads = q.view(*q.shape[:2], 12, 64).transpose(1, 2)
        gates = self.grep_linear(of_heads).view(*of_heads.shape[:3], 2, 4).sum(-1).sigmoid()
        first, second = gates.chunk(2, dim=-1)
        gate = first * (second * self.grep_a - 1.0) + 2.0
        return self.out_proj(attention(q, k, v, 12, gate * bias))


class BEATsBlock(nn.Module):
    """Norm after attention and after the perceptron, with deep norm's weight."""

    def __init__(self, residual: float) -> None:
        super().__init__()
        self.residual = residual
        self.self_attn = BEATsAttention()
        self.self_attn_layer_norm, self.final_layer_norm = nn.LayerNorm(768), nn.LayerNorm(768)
        self.fc1, self.fc2 = nn.Linear(768, 3072), nn.Linear(3072, 768)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        x = self.self_attn_layer_norm(x * self.residual + self.self_attn(x, bias))
        hidden = self.fc2(functional.gelu(self.fc1(x)))
        return self.final_layer_norm(x * self.residual + hidden)


class PlainBEATs(nn.Module):
    """BEATs, without its last blocks if so wanted."""

    def __init__(self, drop_last: int = 0) -> None:
        super().__init__()
        self.patch_embedding = nn.Conv2d(1, 512, 16, stride=16, bias=False)
        self.layer_norm = nn.LayerNorm(512)
        self.post_extract_proj = nn.Linear(512, 768)
        blocks = [BEATsBlock((2 * 12) ** 0.25) for _ in range(12 - drop_last)]
        parts: dict[str, nn.Module] = {
            "pos_conv": nn.Conv1d(768, 768, 128, padding=64, groups=16),
            "layer_norm": nn.LayerNorm(768),
            "position_bias": nn.Embedding(320, 12),
            "layers": nn.ModuleList(blocks),
        }
        self.encoder: Any = nn.ModuleDict(parts)

    def features(self, clip: Tensor) -> Tensor:
        """(S,) -> (T, 128)."""
        x = torchaudio.compliance.kaldi.fbank(
            clip[None] * 2**15, num_mel_bins=128, sample_frequency=16000, dither=0.0
        )
        return (x - 15.41663) / (2 * 6.55582)

    def bias(self, length: int) -> Tensor:
        """(12, L, L): T5's buckets of the distance from query to key."""
        at = torch.arange(length)
        offset = at[None, :] - at[:, None]
        bucket = (offset > 0).long() * 160
        distance = offset.abs()
        far = 80 + (torch.log(distance.float() / 80) / math.log(800 / 80) * 80).long()
        near = distance < 80
        bucket += torch.where(near, distance, far.clamp(max=159))
        return self.encoder["position_bias"](bucket).permute(2, 0, 1)

    def forward(self, clips: Tensor) -> Tensor:
        """(B, S) -> (B, 768, 496) of 10 s."""
        x = torch.stack([self.features(clip) for clip in clips])
        x = self.patch_embedding(x[:, None]).flatten(2).transpose(1, 2)
        x = self.post_extract_proj(self.layer_norm(x))
        positions = self.encoder["pos_conv"](x.transpose(1, 2))[..., :-1]
        x = self.encoder["layer_norm"](x + functional.gelu(positions).transpose(1, 2))
        bias = self.bias(x.shape[1])
        for layer in self.encoder["layers"]:
            x = layer(x, bias)
        return x.transpose(1, 2)


class PlainATST(nn.Module):
    """ATST-Frame for clips of up to 10 s, without its last blocks if so wanted."""

    def __init__(self, drop_last: int = 0) -> None:
        super().__init__()
        self.mel = torchaudio.transforms.MelSpectrogram(
            16000, n_fft=1024, hop_length=160, f_min=60, f_max=7800, n_mels=64
        )
        self.decibels = torchaudio.transforms.AmplitudeToDB("power", top_db=80)
        self.patch_embed = nn.Linear(256, 768)
        self.pos_embed = nn.Parameter(torch.zeros(1, 251, 768))
        self.blocks = nn.ModuleList(ViTBlock(bias=False) for _ in range(12 - drop_last))
        self.norm_frame = nn.LayerNorm(768, eps=1e-6)

    def forward(self, clips: Tensor) -> Tensor:
        """(B, S) -> (B, 768, 250) of 10 s."""
        x = torch.stack([self.decibels(self.mel(clip)) for clip in clips]).clamp(-50, 80)
        x = (x + 79.6482) / 130.3324 * 2 - 1
        count = x.shape[2] // 4
        x = x[..., : 4 * count].reshape(len(x), 64, count, 4).transpose(1, 2).flatten(2)
        x = self.patch_embed(x) + self.pos_embed[:, 1 : count + 1]
        for block in self.blocks:
            x = block(x)
        return self.norm_frame(x).transpose(1, 2)
