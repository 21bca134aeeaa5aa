"""How large a network is: parameters, and multiply-accumulates for one clip."""

import copy
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class Complexity:
    """Size of one network.

    Attributes:
        parameters: all of them, frozen ones too.
        macs: multiply-accumulates of convolutions, matrix products and attention for one clip;
            additions, normalisations and activations are not counted, as usual.
    """

    parameters: int
    macs: int

    def as_dict(self) -> dict[str, int]:
        """JSON-like form."""
        return asdict(self)


def complexity(network: nn.Module, *inputs: Tensor | None, **options: Any) -> Complexity:
    """Count a network by `torch.utils.flop_counter`, without computing anything.

    Takes seconds, most of them torch's own preparation, so count once and keep the answer.

    Args:
        network: stays as it is.
        inputs: of one clip; only their shapes matter.
        options: further arguments of its forward.
    """
    # On this device plain layers take the fused ones' place.
    shadow = _without_recurrence(copy.deepcopy(network).to("meta").eval())
    shapes = [
        None if tensor is None else torch.empty_like(tensor, device="meta") for tensor in inputs
    ]
    with (
        torch.no_grad(),
        sdpa_kernel(SDPBackend.MATH),
        FlopCounterMode(display=False) as counter,
    ):
        shadow(*shapes, **options)
    size = sum(parameter.numel() for parameter in network.parameters())
    recurrent = sum(layer.macs for layer in shadow.modules() if isinstance(layer, _CountedGRU))
    return Complexity(parameters=size, macs=counter.get_total_flops() // 2 + recurrent)


def _without_recurrence(network: nn.Module) -> nn.Module:
    """Stand-ins for recurrent layers, which torch would count step by step, some 30 times slower."""
    if isinstance(network, nn.GRU):
        return _CountedGRU(network)
    for name, layer in network.named_children():
        setattr(network, name, _without_recurrence(layer))
    return network


class _CountedGRU(nn.Module):
    """Shapes of a batch-first GRU's output, and the products of its input and state with weights."""

    def __init__(self, gru: nn.GRU) -> None:
        super().__init__()
        self.directions = 2 if gru.bidirectional else 1
        self.n_layers, self.n_cells = gru.num_layers, gru.hidden_size
        matrices = (p for name, p in gru.named_parameters() if name.startswith("weight_"))
        self.macs_per_step = sum(matrix.numel() for matrix in matrices)
        self.macs = 0

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        clips, steps, _ = x.shape
        self.macs += clips * steps * self.macs_per_step
        output = x.new_empty(clips, steps, self.directions * self.n_cells)
        return output, x.new_empty(self.n_layers * self.directions, clips, self.n_cells)
