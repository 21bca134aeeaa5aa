"""The architecture of a CRNN, read from the shapes of its tensors."""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from sed_core.features.safe_load import reason
from sed_core.runtime.errors import SedError


def architecture(state: Mapping[str, Tensor], source: str = "the checkpoint") -> dict[str, Any]:
    """The keys of section `net` that a CRNN's tensors give away.

    Strides, pooling and dropout leave no trace in the tensors.

    Args:
        state: of the network.
        source: named in complaints.

    Raises:
        SedError: they are not those of a CRNN.
    """
    try:
        return _architecture(state)
    except (LookupError, TypeError) as error:
        why = reason(error)
    raise SedError(f"{source} does not hold a CRNN ({why}); get the file again.")


def _architecture(state: Mapping[str, Tensor]) -> dict[str, Any]:
    blocks = sum(re.fullmatch(r"cnn\.cnn\.conv\d+\.weight", key) is not None for key in state)
    kernels = [state[f"cnn.cnn.conv{i}.weight"] for i in range(blocks)]
    recurrent = [key for key in state if re.fullmatch(r"rnn\.rnn\.weight_hh_l\d+", key)]
    if not kernels or not recurrent or not len(state.get("dense.bias", ())):
        raise LookupError("no cnn, rnn or dense tensors")
    net: dict[str, Any] = {
        "n_in_channel": kernels[0].shape[1],
        "nb_filters": [len(kernel) for kernel in kernels],
        "kernel_size": [kernel.shape[-1] for kernel in kernels],
        "activation": "cg" if "cnn.cnn.cg0.linear.weight" in state else "glu",
        "n_RNN_cell": state[recurrent[0]].shape[1],
        "rnn_layers": len(recurrent),
        "rnn_type": "BGRU" if f"{recurrent[0]}_reverse" in state else "GRU",
        "attention": "dense_softmax.weight" in state,
        "use_embeddings": "cat_tf.weight" in state,
    }
    if "frame_embs_encoder.weight_ih_l0" in state:
        net["embedding_type"] = "frame"
        net["embedding_size"] = state["frame_embs_encoder.weight_ih_l0"].shape[1]
        net["frame_emb_enc_dim"] = state["frame_embs_encoder.weight_hh_l0"].shape[1]
    elif "shrink_emb.0.weight" in state:
        net["embedding_type"] = "global"
        net["embedding_size"] = state["shrink_emb.0.weight"].shape[1]
    elif "shrink_frames.0.weight" in state:
        net["embedding_type"], net["shrink_aligned"] = "aligned", True
        net["embedding_size"] = state["shrink_frames.0.weight"].shape[1]
    elif "cat_tf.weight" in state:
        net["embedding_type"], net["shrink_aligned"] = "aligned", False
        net["embedding_size"] = state["cat_tf.weight"].shape[1] - net["nb_filters"][-1]
    return net
