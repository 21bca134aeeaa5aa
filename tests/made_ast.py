"""AST's file as Hugging Face has it, made of the original's, name by name."""

import torch

PUBLISHED = {
    "attn.proj": "attention.output.dense",
    "mlp.fc1": "intermediate.dense",
    "mlp.fc2": "output.dense",
    "layer": "encoder.layer",
    "query": "attention.attention.query",
    "key": "attention.attention.key",
    "value": "attention.attention.value",
}
"""The file on its hub."""
LIBRARY = {
    "attn.proj": "attention.o_proj",
    "mlp.fc1": "mlp.fc1",
    "mlp.fc2": "mlp.fc2",
    "layer": "layers",
    "query": "attention.q_proj",
    "key": "attention.k_proj",
    "value": "attention.v_proj",
}
"""What version 5 of its library has in memory."""
WHOLE = {
    "v.cls_token": "embeddings.cls_token",
    "v.dist_token": "embeddings.distillation_token",
    "v.pos_embed": "embeddings.position_embeddings",
    "v.patch_embed.proj.weight": "embeddings.patch_embeddings.projection.weight",
    "v.patch_embed.proj.bias": "embeddings.patch_embeddings.projection.bias",
    "v.norm.weight": "layernorm.weight",
    "v.norm.bias": "layernorm.bias",
}
NETWORK = "audio_spectrogram_transformer."
HEAD = {"mlp_head.0": "classifier.layernorm", "mlp_head.1": "classifier.dense"}


def hugging_face(
    state: dict[str, torch.Tensor],
    names: dict[str, str] = PUBLISHED,
    network: str = NETWORK,
) -> dict[str, torch.Tensor]:
    """The tensors of an original file, with `module.` or without, but for its ImageNet heads."""
    found = {}
    for key, value in ((key.removeprefix("module."), value) for key, value in state.items()):
        if key in WHOLE:
            found[network + WHOLE[key]] = value
        elif key.startswith("mlp_head."):
            layer, _, last = key.rpartition(".")
            ours = layer.removeprefix("mlp_")
            found[f"{HEAD[layer] if network == NETWORK else ours}.{last}"] = value
        elif key.startswith("v.blocks."):
            number, _, rest = key.removeprefix("v.blocks.").partition(".")
            layer, _, last = rest.rpartition(".")
            block = f"{network}{names['layer']}.{number}"
            if layer == "attn.qkv":
                for name, part in zip(("query", "key", "value"), value.chunk(3), strict=True):
                    found[f"{block}.{names[name]}.{last}"] = part.clone()
            else:
                norms = {"norm1": "layernorm_before", "norm2": "layernorm_after"}
                found[f"{block}.{(norms | names)[layer]}.{last}"] = value
    return found
