"""Names of AST's tensors: in the original file, in Hugging Face's, and here."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

ORIGINAL = {"v.": "", "mlp_head.": "head.", "patch_embed.proj.": "patch_embed."}
"""Beginnings of names, and what stands here instead; behind `module.`, one after the other."""
UNUSED = ("v.head",)
"""Of the original file: the two heads of its ImageNet ancestor."""

HUGGING_FACE = {
    r"(audio_spectrogram_transformer|net)\.": "",
    r"embeddings\.cls_token": "cls_token",
    r"embeddings\.distillation_token": "dist_token",
    r"embeddings\.position_embeddings": "pos_embed",
    r"embeddings\.patch_embeddings\.projection\.": "patch_embed.",
    r"(?:encoder\.layer|layers)\.(\d+)\.": r"blocks.\1.",
    r"(blocks\.\d+)\.attention\.(?:attention\.)?(q|k|v)(?:uery|ey|alue|_proj)\.": r"\1.attn.\2.",
    r"(blocks\.\d+)\.attention\.(?:output\.dense|o_proj)\.": r"\1.attn.proj.",
    r"(blocks\.\d+)\.intermediate\.dense\.": r"\1.mlp.fc1.",
    r"(blocks\.\d+)\.output\.dense\.": r"\1.mlp.fc2.",
    r"(blocks\.\d+)\.layernorm_before\.": r"\1.norm1.",
    r"(blocks\.\d+)\.layernorm_after\.": r"\1.norm2.",
    r"layernorm\.": "norm.",
    r"classifier\.layernorm\.": "head.0.",
    r"classifier\.dense\.": "head.1.",
}
"""The same, as patterns: of a file that Hugging Face publishes, of one that its library's fifth
version writes, and of what version 0.1.0 trained, which had that library's network."""
PARTS = ("q", "k", "v")
"""Queries, keys and values are three layers there and one here."""


def from_public(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of either public file under the names used here; our own stay as they are."""
    if any(key.startswith(("audio_spectrogram_transformer.", "net.")) for key in state):
        return _joined({_renamed(key, HUGGING_FACE): value for key, value in state.items()})
    plain = {key.removeprefix("module."): value for key, value in state.items()}
    names = {re.escape(old): new for old, new in ORIGINAL.items()}
    return {
        _renamed(key, names): value for key, value in plain.items() if not key.startswith(UNUSED)
    }


def _renamed(key: str, names: Mapping[str, str]) -> str:
    for old, new in names.items():
        key = re.sub(f"^{old}", new, key)
    return key


def _joined(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """With queries, keys and values of a block in one tensor."""
    found = {}
    for key, value in state.items():
        block, part, last = key.partition(f".attn.{PARTS[0]}.")
        if part:
            parts = [state.get(f"{block}.attn.{name}.{last}", value[:0]) for name in PARTS]
            found[f"{block}.attn.qkv.{last}"] = torch.cat(parts)
        elif not re.search(r"\.attn\.[kv]\.", key):
            found[key] = value
    return found


def to_original(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors under the names of the original file with `module.`; inverse of `from_public`."""
    found = {}
    for key, value in state.items():
        inside = key.replace("patch_embed.", "patch_embed.proj.")
        name = f"mlp_{key}" if key.startswith("head.") else f"v.{inside}"
        found[f"module.{name}"] = value
    return found
