"""What a fusion and a head are: layers that a network takes up as its own, and how they are used.

A network adds the layers under their names, so that its state dict has those of the published
networks, and calls the function with itself, which has the layers by then.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import Tensor, nn

from sed_core.runtime.errors import SedError


@dataclass(frozen=True)
class FusionShape:
    """What a fusion is built for.

    Attributes:
        embedding_size: length of an embedding vector, D.
        n_channels: channels of the CNN's output, C; fusion gives as many.
    """

    embedding_size: int
    n_channels: int


@dataclass(frozen=True)
class Fusion:
    """How embeddings join the CNN's output.

    Attributes:
        layers: by name.
        join: of the network, its CNN's output (B, T, C) and embeddings (B, D), (B, D, T) or, where
            `pretrained.kind` leaves them as they are, (B, D, T'), the output (B, T, C).
    """

    layers: Mapping[str, nn.Module]
    join: Callable[[nn.Module, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class HeadShape:
    """What a head is built for.

    Attributes:
        n_in: channels of its input, D.
        n_classes: classes, C.
        initial_posterior: where frame posteriors should begin; None: anywhere.
    """

    n_in: int
    n_classes: int
    initial_posterior: float | None = None


@dataclass(frozen=True)
class Head:
    """How frames become posteriors.

    Attributes:
        layers: by name.
        posteriors: of the network, frames (B, T, D), (B, T) or None, True where a frame is
            padding, and (B, C) or None, False where a class is unknown, the posteriors of frames
            (B, T, C) and of clips (B, C); the network sets those of unknown classes to 0.
    """

    layers: Mapping[str, nn.Module]
    posteriors: Callable[[nn.Module, Tensor, Tensor | None, Tensor | None], tuple[Tensor, Tensor]]


P = TypeVar("P", Fusion, Head)


def registered(
    table: Mapping[str, Callable[..., P]], place: str, entry: Mapping[str, Any], shape: Any
) -> P:
    """The fusion or head that an entry names, for a shape.

    Args:
        table: of what is registered.
        place: of the entry in a configuration, for complaints.
        entry: `name` and options.
        shape: what it is built for.

    Raises:
        SedError: nothing of this name, or not with these options.
    """
    options = dict(entry)
    name = options.pop("name", None)
    if name not in table:
        raise SedError(f"{place} is '{name}'; registered are {', '.join(table)}.")
    try:
        return table[name](shape, **options)
    except TypeError as error:
        raise SedError(f"{place}: {name} does not take these options ({error}).") from error


def known_to(class_mask: Tensor | None, strong: Tensor, weak: Tensor) -> tuple[Tensor, Tensor]:
    """Posteriors (B, C, T) and (B, C) with 0 for the classes that `class_mask` (B, C) rules out."""
    if class_mask is None:
        return strong, weak
    return strong.masked_fill(~class_mask[..., None], 0.0), weak.masked_fill(~class_mask, 0.0)
