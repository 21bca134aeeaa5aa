"""Networks of the published FDY-SED: a file holds the tensors of one of them, and nothing else.

What it was trained on and how its input was scaled stand in no file, so they are taken for those of
the public configuration (github.com/frednam93/FDY-SED, 190bd36).
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from sed_core.data.published_names import DESED_CLASSES
from sed_core.features.safe_load import reason
from sed_core.runtime.errors import SedError

FEATS = {
    "sample_rate": 16000,
    "n_window": 2048,
    "hop_length": 256,
    "n_mels": 128,
    "f_min": 0,
    "f_max": 8000,
    "peak_level": True,
}
SCALER = {"statistic": "instance", "normtype": "minmax", "dims": [0, 2], "min_range_db": None}
DECODING = {"median_window": [5, 11, 5, 5, 5, 67, 61, 49, 5, 17], "weak_mask": True}
POOLING = [[2, 2], [2, 2], *[[1, 2]] * 5]
MARK = "cnn.cnn.conv1.attention.conv1d1.weight"


def is_fdy(content: Any) -> bool:
    """Whether a file's content is the tensors of such a network."""
    return isinstance(content, Mapping) and MARK in content


def settings(state: Mapping[str, Tensor], source: str) -> dict[str, Any]:
    """The configuration that belongs to the tensors.

    Args:
        state: tensors by name.
        source: named in complaints.

    Raises:
        SedError: they are not those of an FDY-CRNN of seven blocks.
    """
    try:
        kernels = [state[f"cnn.cnn.conv{block}.weight"].shape for block in range(len(POOLING))]
        net = {
            "model": "fdy_crnn",
            "pooling": POOLING,
            # Of the dynamic ones the first axis is the basis kernel.
            "nb_filters": [shape[-4] for shape in kernels],
            "n_RNN_cell": state["rnn.rnn.weight_hh_l0"].shape[1],
            "rnn_layers": sum(key.startswith("rnn.rnn.weight_hh") for key in state) // 2,
            "attention": "dense_softmax.weight" in state,
        }
    except LookupError as error:
        blocks = len(POOLING)
        raise SedError(
            f"{source} does not hold an FDY-CRNN of {blocks} blocks ({reason(error)}); get the "
            "file again."
        ) from error
    dataset = {"classes": list(DESED_CLASSES)}
    published = {"feats": dict(FEATS), "scaler": dict(SCALER), "training": dict(DECODING)}
    return {"net": net, "dataset": dataset, **published}
