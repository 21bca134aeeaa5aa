"""The pretrained networks that a configuration can name."""

from sed_core.features.embeddings.ast import AST
from sed_core.features.embeddings.beats import BEATs
from sed_core.features.embeddings.encoder import Encoder
from sed_core.features.embeddings.panns import PANNs
from sed_core.features.embeddings.yamnet import YAMNet

ENCODERS: dict[str, type[Encoder]] = {
    "ast": AST,
    "beats": BEATs,
    "panns": PANNs,
    "yamnet": YAMNet,
}
