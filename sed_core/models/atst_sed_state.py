"""Networks of the published ATST-SED: student and teacher each hold an ATST-Frame of their own.

Their files are Lightning's, as those of 2022, with the encoder's tensors among the network's. Where
one does not say how its input was made, that is taken for what the public configuration has
(github.com/Audio-WestlakeU/ATST-SED, train/confs/stage2.yaml).
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from sed_core.features.embeddings.atst_names import renamed

State = dict[str, Tensor]
INSIDE = "atst_frame.atst."
UNUSED = ("mask_embed", "total_ops", "total_params")
"""Ends of names that no network has: what hides tokens in pre-training, a profiler's counts."""
PRETRAINED = {
    "network": "atst_frame",
    "kind": "pool1d",
    "e2e": True,
    "freezed": False,
    "own_teacher": True,
}
FEATS = {
    "sample_rate": 16000,
    "n_window": 2048,
    "hop_length": 256,
    "n_mels": 128,
    "f_min": 0,
    "f_max": 8000,
}
SCALER = {"statistic": "instance", "normtype": "minmax", "dims": [1, 2]}
DECODING = {"median_window": [6, 20, 7, 4, 7, 6, 6, 6, 6, 6]}
NET = {"pooling": [[2, 2], [2, 2], *[[1, 2]] * 5]}


def divided(state: Mapping[str, Tensor]) -> tuple[State, State]:
    """The network around the encoder, and the encoder; that is empty in networks of others.

    Args:
        state: of a published network, tensors by name.
    """
    kept = {key: value for key, value in state.items() if not key.endswith(UNUSED)}
    around = {key: value for key, value in kept.items() if not key.startswith(INSIDE)}
    inside = {
        renamed(key.removeprefix(INSIDE)): value
        for key, value in kept.items()
        if key.startswith(INSIDE)
    }
    return around, inside


def settings() -> dict[str, Any]:
    """The configuration that belongs to a file without any."""
    return {
        "feats": dict(FEATS),
        "scaler": dict(SCALER),
        "training": dict(DECODING),
        "net": dict(NET),
    }
