"""The networks that a configuration can name."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from sed_core.models.crnn import build_crnn
from sed_core.models.dynamic_cnn import build_fdy_crnn
from sed_core.models.encoder_head import build_encoder_head
from sed_core.runtime.errors import SedError

MODELS: dict[str, Callable[[Mapping[str, Any], int], nn.Module]] = {
    "crnn": build_crnn,
    "fdy_crnn": build_fdy_crnn,
    "encoder_head": build_encoder_head,
}


def build(net: Mapping[str, Any], n_classes: int) -> nn.Module:
    """The network that section `net` of a system's configuration describes.

    Raises:
        SedError: `net.model` is not registered, or the model refuses a key.
    """
    options = dict(net)
    name = options.pop("model", "crnn")
    if name not in MODELS:
        raise SedError(f"net.model is '{name}'; registered are {', '.join(MODELS)}.")
    return MODELS[name](options, n_classes)
