"""A head on the frames of a pretrained network: no CNN and no recurrent layers of its own."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from sed_core.models.head_registry import HEADS
from sed_core.models.parts import HeadShape, known_to, registered
from sed_core.runtime.errors import SedError


class EncoderHead(nn.Module):
    """Frame posteriors by a linear layer, and clip posteriors as the head has them.

    Args:
        n_classes: number of sound classes, C.
        embedding_size: of a frame, D.
        head: `name` in `head_registry.py`, and options.
        initial_posterior: see `CRNN`.
    """

    def __init__(
        self,
        *,
        n_classes: int,
        embedding_size: int,
        head: Mapping[str, Any],
        initial_posterior: float | None = None,
    ) -> None:
        super().__init__()
        shape = HeadShape(embedding_size, n_classes, initial_posterior)
        made = registered(HEADS, "net.head", head, shape)
        self.posteriors = made.posteriors
        for name, layer in made.layers.items():
            self.add_module(name, layer)

    def forward(
        self,
        x: Tensor,
        embeddings: Tensor | None = None,
        pad_mask: Tensor | None = None,
        class_mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Posteriors, strong (B, C, T) and weak (B, C).

        Args:
            x: not heard.
            embeddings: (B, D, T), on the output frames.
            pad_mask, class_mask: see `CRNN.forward`.
        """
        if embeddings is None:
            raise SedError("this network is a head on embeddings, but none were given to it.")
        frames = embeddings.transpose(1, 2)
        strong, weak = self.posteriors(self, frames, pad_mask, class_mask)
        return known_to(class_mask, strong.transpose(1, 2), weak)


def build_encoder_head(net: Mapping[str, Any], n_classes: int) -> EncoderHead:
    """From the section `net` of a system's configuration.

    Raises:
        SedError: no embeddings, or a vector a clip, or a head that nobody registered.
    """
    if net.get("embedding_type") != "aligned":
        raise SedError(
            "network 'encoder_head' is a head on the frames of a pretrained network; set "
            "pretrained.model, and pretrained.kind to aligned, pool1d or interpolate."
        )
    return EncoderHead(
        n_classes=n_classes,
        embedding_size=net["embedding_size"],
        head=net["head"],
        initial_posterior=net.get("initial_posterior"),
    )
