"""How frames of a pretrained network come to those of the CRNN, by the `pretrained.kind`."""

from collections.abc import Callable

from torch import nn

from sed_core.features.embeddings.alignment import ByTime, Interpolate, Pool1d, Times

ALIGNMENTS: dict[str, Callable[[Times, Times], nn.Module]] = {
    "aligned": ByTime,
    "pool1d": Pool1d,
    "interpolate": Interpolate,
}
