"""A small BEATs in the layout of the published files, filled by the rule of `parity/fill.py`."""

import torch

from sed_core.features.embeddings.beats import SETTINGS
from tests.parity.fill import filled

SEED = 1
WIDTH, DEPTH, HEADS, HIDDEN, PATCH_WIDTH, LABELS = 64, 2, 4, 96, 24, 7
CFG = {
    **SETTINGS,
    "encoder_layers": DEPTH,
    "encoder_embed_dim": WIDTH,
    "encoder_ffn_embed_dim": HIDDEN,
    "encoder_attention_heads": HEADS,
    "embed_dim": PATCH_WIDTH,
    "predictor_class": LABELS,
    "conv_bias": False,
    "dropout": 0.0,
    "layer_wise_gradient_decay_ratio": 0.6,
}


def shapes(*, predictor: bool) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors in a published file of the small size."""
    found: dict[str, tuple[int, ...]] = {
        "patch_embedding.weight": (PATCH_WIDTH, 1, 16, 16),
        "encoder.pos_conv.0.bias": (WIDTH,),
        "encoder.pos_conv.0.weight_g": (1, 1, 128),
        "encoder.pos_conv.0.weight_v": (WIDTH, WIDTH // 16, 128),
    }
    norms = {"layer_norm": PATCH_WIDTH, "encoder.layer_norm": WIDTH}
    linears = {"post_extract_proj": (WIDTH, PATCH_WIDTH)}
    if predictor:
        linears["predictor"] = (LABELS, WIDTH)
    for block in range(DEPTH):
        name = f"encoder.layers.{block}"
        found[f"{name}.self_attn.grep_a"] = (1, HEADS, 1, 1)
        found[f"{name}.self_attn.relative_attention_bias.weight"] = (320, HEADS)
        norms |= {f"{name}.{norm}_layer_norm": WIDTH for norm in ("self_attn", "final")}
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            linears[f"{name}.self_attn.{part}"] = (WIDTH, WIDTH)
        linears[f"{name}.self_attn.grep_linear"] = (8, WIDTH // HEADS)
        linears |= {f"{name}.fc1": (HIDDEN, WIDTH), f"{name}.fc2": (WIDTH, HIDDEN)}
    for name, width in norms.items():
        found |= {f"{name}.weight": (width,), f"{name}.bias": (width,)}
    for name, (n_out, n_in) in linears.items():
        found |= {f"{name}.weight": (n_out, n_in), f"{name}.bias": (n_out,)}
    return found


def published(*, predictor: bool, **other) -> dict:
    """Content of a published file of the small size; the blocks share one position bias."""
    model = {}
    for name, shape in shapes(predictor=predictor).items():
        source = name.replace("layers.1.self_attn.rel", "layers.0.self_attn.rel")
        model[name] = torch.from_numpy(filled(source, shape, SEED))
    return {"cfg": {**CFG, "finetuned_model": predictor, **other}, "model": model}
