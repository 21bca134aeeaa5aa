"""Names of AST's tensors: in the original file, in the Hugging Face file, and here."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

# Pairs of (original, here); `{i}` is a block's number. Of `attn.qkv`, see below.
ORIGINAL = {
    "v.cls_token": "net.embeddings.cls_token",
    "v.dist_token": "net.embeddings.distillation_token",
    "v.pos_embed": "net.embeddings.position_embeddings",
    "v.patch_embed.proj.": "net.embeddings.patch_embeddings.projection.",
    "v.blocks.{i}.norm1.": "net.layers.{i}.layernorm_before.",
    "v.blocks.{i}.norm2.": "net.layers.{i}.layernorm_after.",
    "v.blocks.{i}.attn.proj.": "net.layers.{i}.attention.o_proj.",
    "v.blocks.{i}.mlp.": "net.layers.{i}.mlp.",
    "v.norm.": "net.layernorm.",
    "mlp_head.": "head.",
}
_THEIRS, _OURS = "audio_spectrogram_transformer.encoder.layer.{i}.", "net.layers.{i}."
HUGGING_FACE = {
    f"{_THEIRS}attention.attention.query.": f"{_OURS}attention.q_proj.",
    f"{_THEIRS}attention.attention.key.": f"{_OURS}attention.k_proj.",
    f"{_THEIRS}attention.attention.value.": f"{_OURS}attention.v_proj.",
    f"{_THEIRS}attention.output.dense.": f"{_OURS}attention.o_proj.",
    f"{_THEIRS}intermediate.dense.": f"{_OURS}mlp.fc1.",
    f"{_THEIRS}output.dense.": f"{_OURS}mlp.fc2.",
    _THEIRS: _OURS,
    "audio_spectrogram_transformer.": "net.",
    "classifier.layernorm.": "head.0.",
    "classifier.dense.": "head.1.",
}
QKV = re.compile(r"v\.blocks\.(\d+)\.attn\.qkv\.(weight|bias)")
PROJECTIONS = ("q_proj", "k_proj", "v_proj")


def renamed(key: str, names: Mapping[str, str]) -> str:
    """The key with its beginning replaced by the first entry of `names` that fits."""
    for old, new in names.items():
        pattern = re.escape(old).replace(r"\{i\}", r"(\d+)")
        if re.match(pattern, key):
            return re.sub(f"^{pattern}", new.replace("{i}", r"\1"), key)
    return key


def from_public(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of either public file under the names used here.

    Of the original file, the two heads of its ImageNet ancestor (`v.head*`) are left out.
    """
    state = {key.removeprefix("module."): value for key, value in state.items()}
    if not any(key.startswith("v.") for key in state):
        return {renamed(key, HUGGING_FACE): value for key, value in state.items()}
    found = {}
    for key, value in state.items():
        if match := QKV.fullmatch(key):
            for name, weight in zip(PROJECTIONS, value.chunk(3), strict=True):
                found[f"net.layers.{match[1]}.attention.{name}.{match[2]}"] = weight
        elif not key.startswith("v.head"):
            found[renamed(key, ORIGINAL)] = value
    return found


def to_original(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors under the names of the original file with `module.`; inverse of `from_public`."""
    names = {new: old for old, new in ORIGINAL.items()}
    found = {}
    for key, value in state.items():
        if match := re.fullmatch(r"net\.layers\.(\d+)\.attention\.q_proj\.(\w+)", key):
            weights = [state[key.replace("q_proj", name)] for name in PROJECTIONS]
            found[f"module.v.blocks.{match[1]}.attn.qkv.{match[2]}"] = torch.cat(weights)
        elif not re.search(r"\.[kv]_proj\.", key):
            found[f"module.{renamed(key, names)}"] = value
    return found
