"""Batch norm, a gate, dropout and average pooling of a CNN block in one pass, on the CPU.

A step of the plain layers is bound by memory, not by arithmetic: they read or write the large
output of the convolution about 14 times forward and 20 times backward; this does so 2 and 6 times.
The arithmetic is in `gate.c`; the plain layers of `cnn.py` are its definition, and stand in for it
wherever it does not serve (other devices, float64, no compiler).
"""

import ctypes
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from sed_core.models.dropout import keep_bits
from sed_core.models.native.library import longs, native_library, pointers

STORAGE = {torch.float32: (), torch.bfloat16: ("-DBF16",)}
GATE_OPTIONS = {"glu": (), "cg": ("-DCG",)}
MAX_ROW_FLOATS = 2**16
"""Values in one pooled row of time, of which the C code keeps three arrays on the stack."""


class _Block(ctypes.Structure):
    """`block` in gate.c."""

    _fields_ = (
        *((name, ctypes.c_long) for name in ("clips", "times", "bands", "pool_t", "pool_f")),
        ("scale", ctypes.c_float),
        *((name, ctypes.c_void_p) for name in ("bits", "mean", "inv_std", "gamma", "beta")),
        *((name, ctypes.c_void_p) for name in ("w_in", "w_out", "bias")),
    )


def _library(channels: int, dtype: torch.dtype, activation: str) -> ctypes.CDLL | None:
    return native_library("gate", f"-DC={channels}", *STORAGE[dtype], *GATE_OPTIONS[activation])


def is_fusible(y: Tensor, pooling: tuple[int, int], activation: str = "glu") -> bool:
    """Whether `gated_pool` serves this (B, C, T, F) output of a convolution."""
    _, channels, times, bands = y.shape
    return (
        not torch.compiler.is_exporting()
        and y.device.type == "cpu"
        and y.dtype in STORAGE
        and activation in GATE_OPTIONS
        and channels % 4 == 0
        and bands % pooling[1] == 0
        and times >= pooling[0]
        and pooling[0] * bands * channels <= MAX_ROW_FLOATS
        and _library(channels, y.dtype, activation) is not None
    )


def gated_pool(
    y: Tensor,
    norm: nn.BatchNorm2d,
    linear: nn.Linear,
    *,
    dropout: float,
    pooling: tuple[int, int],
    activation: str = "glu",
) -> Tensor:
    """Norm, gate, dropout and pooling of a block; updates the norm's statistics while training.

    Args:
        y: (B, C, T, F) output of the convolution, see `is_fusible`.
        norm: in training mode it takes the batch's statistics.
        linear: of the gate, C to C.
        dropout: probability; 0 in evaluation.
        pooling: (time, frequency).
        activation: the gate's name, of `GATE_OPTIONS`.

    Returns:
        (B, C, T // pooling[0], F // pooling[1]), channels-last in memory.
    """
    rows = y.permute(0, 2, 3, 1).contiguous()
    mean, variance = _statistics(rows.detach(), norm, activation)
    inv_std = (variance + norm.eps).rsqrt()
    bits = keep_bits(y.numel(), dropout) if dropout > 0.0 else None
    out = _GatedPool.apply(
        rows, norm.weight, norm.bias, linear.weight, linear.bias,
        mean, inv_std, norm.training, bits, dropout, pooling, activation,
    )  # fmt: skip
    return out.permute(0, 3, 1, 2)


@torch.no_grad()
def _statistics(rows: Tensor, norm: nn.BatchNorm2d, activation: str) -> tuple[Tensor, Tensor]:
    """Mean and variance that the norm applies, float64; while training it is given the batch's."""
    running_mean, running_var = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
    if not norm.training:
        return running_mean.double(), running_var.double()
    mean, variance = batch_moments(rows, activation)
    count = rows.numel() // rows.shape[-1]
    unbiased = variance * count / max(count - 1, 1)
    momentum = cast(float, norm.momentum)
    running_mean.lerp_(mean.to(running_mean), momentum)
    running_var.lerp_(unbiased.to(running_var), momentum)
    cast(Tensor, norm.num_batches_tracked).add_(1)
    return mean, variance


def batch_moments(rows: Tensor, activation: str = "glu") -> tuple[Tensor, Tensor]:
    """Mean and biased variance of each channel of (B, T, F, C) values, float64.

    More exact than torch's batch norm, which sums channels-last squares in float32. They are the
    same for each gate; its name says whose library is at hand.
    """
    clips, times, bands, channels = rows.shape
    pivot = rows[0, 0, 0].float().clone()
    sums = torch.empty(clips, 2, channels, dtype=torch.float64)
    library = cast(ctypes.CDLL, _library(channels, rows.dtype, activation))
    library.moments(*pointers(rows, pivot), *longs(clips, times * bands), *pointers(sums))
    first, second = sums.sum(0) / (clips * times * bands)
    return pivot + first, second - first.square()


class _GatedPool(torch.autograd.Function):
    """`gated_pool` of (B, T, F, C) values with given statistics."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, gamma: Tensor, beta: Tensor, weight: Tensor, bias: Tensor,
                mean: Tensor, inv_std: Tensor, of_batch: bool, bits: Tensor | None, dropout: float,
                pooling: tuple[int, int], activation: str) -> Tensor:  # fmt: skip
        clips, times, bands, channels = y.shape
        constants = [
            tensor.detach().float().contiguous()
            for tensor in (mean, inv_std, gamma, beta, weight.t(), weight, bias)
        ]
        block = _Block(
            clips, times, bands, *pooling, 1.0 / (pooling[0] * pooling[1] * (1.0 - dropout)),
            None if bits is None else bits.data_ptr(), *(c.data_ptr() for c in constants),
        )  # fmt: skip
        out = y.new_empty(clips, times // pooling[0], bands // pooling[1], channels)
        library = cast(ctypes.CDLL, _library(channels, y.dtype, activation))
        library.forward(ctypes.byref(block), *pointers(y, out))
        ctx.save_for_backward(y)
        ctx.block, ctx.library, ctx.of_batch = block, library, of_batch
        ctx.constants, ctx.bits = constants, bits  # `block` points into them
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor | None, ...]:
        (y,) = ctx.saved_tensors
        clips, times, bands, channels = y.shape
        d_y = torch.empty_like(y)
        d_weight = torch.empty(clips, channels, channels)
        sums = torch.empty(clips, 3, channels, dtype=torch.float64)
        d_out = d_out.contiguous()
        ctx.library.backward(ctypes.byref(ctx.block), *pointers(y, d_out, d_y, d_weight, sums))
        d_bias, d_beta, d_gamma = sums.sum(0)
        # d_y = gamma inv_std (d_z - mean(d_z) - x mean(d_z x)), where x = (y - mean) inv_std
        mean, inv_std, gamma = (constant.double() for constant in ctx.constants[:3])
        by_d = gamma * inv_std
        by_y, offset = torch.zeros_like(by_d), torch.zeros_like(by_d)
        if ctx.of_batch:
            count = clips * times * bands
            by_y = -by_d * inv_std * d_gamma / count
            offset = -by_d * d_beta / count - by_y * mean
        factors = [factor.float() for factor in (by_d, by_y, offset)]
        ctx.library.combine(*pointers(d_y, y, *factors), *longs(clips, times * bands))
        d_constants = (d_gamma, d_beta, d_weight.sum(0), d_bias)
        return d_y, *(d.float() for d in d_constants), *(7 * (None,))
