"""Heads of the CRNN: a linear layer for frames; clips by attention pooling (2022) or their mean."""

import math
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from sed_core.features.precision import not_half
from sed_core.models.parts import Head, HeadShape

MIN_ATTENTION = 1e-7


def attention(shape: HeadShape, *, axis: Literal["class", "time"] = "class") -> Head:
    """Clip posteriors are the mean of frame posteriors, weighted by a second linear layer.

    Args:
        axis: of the weights' softmax; `class`, as 2022's networks were trained, or `time`.
    """
    layers = {"dense": _dense(shape), "dense_softmax": nn.Linear(shape.n_in, shape.n_classes)}
    return Head(layers, partial(_by_attention, axis=axis))


def mean(shape: HeadShape) -> Head:
    """Clip posteriors are the mean over frames."""
    return Head({"dense": _dense(shape)}, _by_mean)


def attention_pool(
    strong: Tensor, logits: Tensor, *, axis: str, pad_mask: Tensor | None = None
) -> Tensor:
    """Clip posteriors as a weighted mean of frame posteriors.

    Args:
        strong: (B, T, C) frame posteriors.
        logits: (B, T, C) attention before softmax.
        axis: `class` (softmax over classes, as 2022's networks were trained) or `time`.
        pad_mask: (B, T), True where a frame is padding and must not count.

    Returns:
        (B, C).
    """
    if pad_mask is not None:
        logits = logits.masked_fill(pad_mask[..., None], -1e30)
    attention = torch.softmax(logits, dim=-1 if axis == "class" else 1)
    attention = attention.clamp(min=MIN_ATTENTION, max=1.0)
    if pad_mask is not None:
        # A softmax over classes of equal logits is 1 / C, not 0, so padding is taken out here too.
        attention = attention.masked_fill(pad_mask[..., None], 0.0)
    return (strong * attention).sum(1) / attention.sum(1)


def _dense(shape: HeadShape) -> nn.Linear:
    layer = nn.Linear(shape.n_in, shape.n_classes)
    if shape.initial_posterior is not None:
        odds = shape.initial_posterior / (1 - shape.initial_posterior)
        nn.init.constant_(layer.bias, math.log(odds))
    return layer


def _frames(network: nn.Module, x: Tensor) -> Tensor:
    # In half precision a posterior near 1 becomes 1, whose cross-entropy has no gradient.
    return torch.sigmoid(not_half(network.get_submodule("dense")(x)))


def _by_attention(
    network: nn.Module,
    x: Tensor,
    pad_mask: Tensor | None,
    class_mask: Tensor | None,
    *,
    axis: str,
) -> tuple[Tensor, Tensor]:
    strong = _frames(network, x)
    logits = network.get_submodule("dense_softmax")(x)
    if class_mask is not None:
        logits = not_half(logits).masked_fill(~class_mask[:, None], -1e30)
    return strong, attention_pool(strong, logits, axis=axis, pad_mask=pad_mask)


def _by_mean(
    network: nn.Module, x: Tensor, pad_mask: Tensor | None, class_mask: Tensor | None
) -> tuple[Tensor, Tensor]:
    strong = _frames(network, x)
    return strong, strong.mean(1)
