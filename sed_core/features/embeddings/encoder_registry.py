"""The pretrained networks that a configuration can name."""

from collections.abc import Mapping
from typing import Any

from sed_core.features.embeddings.ast import AST
from sed_core.features.embeddings.atst_frame import ATSTFrame
from sed_core.features.embeddings.beats import BEATs
from sed_core.features.embeddings.encoder import Encoder
from sed_core.features.embeddings.frame_mn import FrameMN
from sed_core.features.embeddings.panns import PANNs
from sed_core.features.embeddings.yamnet import YAMNet
from sed_core.runtime.errors import SedError, unknown_name

ENCODERS: dict[str, type[Encoder]] = {
    "ast": AST,
    "atst_frame": ATSTFrame,
    "beats": BEATs,
    "frame_mn": FrameMN,
    "panns": PANNs,
    "yamnet": YAMNet,
}


def encoder_class(name: str, options: Mapping[str, Any]) -> type[Encoder]:
    """The class of a registered network, with options of its own.

    Raises:
        SedError: no such network, or an option that it does not have or cannot take.
    """
    if name not in ENCODERS:
        raise SedError(unknown_name(name, list(ENCODERS), "pretrained network"))
    return ENCODERS[name].configured(**options)
