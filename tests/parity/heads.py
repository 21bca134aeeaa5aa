"""What the tests of PretrainedSED's networks share: filled files, and the published heads."""

from ast import literal_eval
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import linear

from sed_core.models.heads import attention_pool
from tests.parity.fill import filled

REPEATED = ".self_attn.relative_attention_bias.weight"


def published_file(data, seed: int) -> dict[str, Tensor]:
    """A state dict in the published layout, filled by the rule; constants are left out."""
    state = {}
    for key, shape in zip(data["state_keys"].tolist(), data["state_shapes"].tolist(), strict=True):
        if key.endswith("num_batches_tracked"):
            state[key] = torch.tensor(0)
        elif not key.startswith("model.atst_mel."):
            state[key] = torch.from_numpy(filled(key, literal_eval(shape), seed))
    return state


def heads(state: Mapping[str, Tensor], sequence: Tensor) -> dict[str, Tensor]:
    """(B, D, T) -> the published heads: attention's probabilities and linear logits."""
    frames = sequence.mT
    strong, weight = (
        linear(frames, state[f"{name}.weight"], state[f"{name}.bias"])
        for name in ("strong_head", "weak_head")
    )
    likely = strong.sigmoid()
    return {
        "attention/strong": likely.mT,
        "attention/weak": attention_pool(likely, weight, axis="class"),
        "linear/strong": strong.mT,
        "linear/weak": weight.mean(1),  # of a linear layer, the mean's output
    }
