"""A GRU whose recurrence runs in C on the CPU, where torch's takes many small steps.

`nn.GRU` holds the weights, is the definition, and stands in wherever this does not serve.
"""

import ctypes
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from sed_core.models.dropout import dropout
from sed_core.models.native.library import longs, native_library, pointers

MAX_CELLS = 1024
"""The C code keeps four arrays of at most 16 times as many floats on the stack."""


def _library(cells: int) -> ctypes.CDLL | None:
    return native_library("gru", f"-DH={cells}")


def is_native(x: Tensor, gru: nn.GRU) -> bool:
    """Whether the functions below serve this input and these weights."""
    return (
        not torch.compiler.is_exporting()
        and x.device.type == "cpu"
        and x.dtype in (torch.float32, torch.bfloat16)
        and gru.weight_hh_l0.dtype == torch.float32
        and gru.hidden_size % 4 == 0
        and gru.hidden_size <= MAX_CELLS
        and _library(gru.hidden_size) is not None
    )


def native_gru(x: Tensor, gru: nn.GRU) -> Tensor:
    """Output of all layers, as `gru(x)[0]`.

    Args:
        x: (B, T, inputs).
        gru: batch first, with biases, in one direction or two.

    Returns:
        (B, T, directions * cells) float32.
    """
    ways = ("", "_reverse") if gru.bidirectional else ("",)
    for layer in range(gru.num_layers):
        if layer > 0 and gru.training:
            x = dropout(x, gru.dropout)
        x = _layer(x, gru, tuple(f"_l{layer}{way}" for way in ways))
    return x


def forward_gru(x: Tensor, gru: nn.GRU) -> Tensor:
    """Output of the first layer forward in time: (B, T, inputs) -> (B, T, cells) float32."""
    return _layer(x, gru, ("_l0",))


def _layer(x: Tensor, gru: nn.GRU, ways: tuple[str, ...]) -> Tensor:
    """One layer, in the directions whose weights have these suffixes."""
    of_input, of_state, input_bias, state_bias = (
        torch.cat([getattr(gru, kind + way) for way in ways])
        for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    gates = functional.linear(x, of_input, input_bias).float()
    return _Recurrence.apply(gates, of_state, state_bias)


class _Recurrence(torch.autograd.Function):
    """Gate inputs (B, T, 3 WH), state's weights (3 WH, H) and biases (3 WH) -> (B, T, WH).

    W directions ("ways") of H cells: forward in time, then, if there is a second, backward.
    """

    @staticmethod
    def forward(ctx: Any, gates: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        (clips, times, width), cells = gates.shape, weight.shape[1]
        ways = width // (3 * cells)
        gates = gates.contiguous()
        by_gate = weight.detach().view(-1, cells, cells)
        out = torch.empty(clips, times, ways * cells)
        learning = any(ctx.needs_input_grad)
        kept = torch.empty(clips, times, 4 * ways * cells) if learning else None
        library = cast(ctypes.CDLL, _library(cells))
        transposed = by_gate.transpose(1, 2).contiguous()
        library.forward(
            *pointers(gates, transposed, bias.detach().contiguous(), out, kept),
            *longs(clips, times, ways),
        )
        ctx.library = library
        if kept is not None:
            ctx.save_for_backward(out, kept, weight)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        out, kept, weight = ctx.saved_tensors
        (clips, times, width), cells = out.shape, weight.shape[1]
        d_gates = torch.empty(clips, times, 3 * width)
        d_state = torch.empty_like(d_gates)
        d_out = d_out.contiguous()
        ctx.library.backward(
            *pointers(d_out, out, kept, weight.detach().contiguous(), d_gates, d_state),
            *longs(clips, times, width // cells),
        )
        # The state before each frame: of the frame before, or, backwards in time, of the one after.
        states = [functional.pad(out[:, :-1, :cells], (0, 0, 1, 0))]
        if width > cells:
            states.append(functional.pad(out[:, 1:, cells:], (0, 0, 0, 1)))
        flat = d_state.view(clips * times, 3 * width)
        d_weight = torch.cat(
            [
                d_way.t() @ state.reshape(-1, cells)
                for d_way, state in zip(flat.split(3 * cells, dim=1), states, strict=True)
            ]
        )
        return d_gates, d_weight, flat.sum(0)
