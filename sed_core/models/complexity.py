"""Size of a network: parameters, and multiply-accumulates for one clip."""

import copy
import functools
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
    shadow = copy.deepcopy(network).to("meta").eval()
    recurrent = [layer for layer in shadow.modules() if isinstance(layer, nn.GRU)]
    macs: list[int] = []
    for layer in recurrent:  # torch would count them step by step, some 30 times as slowly
        layer.forward = functools.partial(_stand_in, layer, macs)  # type: ignore[assignment]
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
    return Complexity(parameters=size, macs=counter.get_total_flops() // 2 + sum(macs))


def _stand_in(gru: nn.GRU, macs: list[int], x: Tensor) -> tuple[Tensor, Tensor]:
    """Shapes of a batch-first GRU's output; notes the products of input and state with weights."""
    clips, steps, _ = x.shape
    matrices = (p for name, p in gru.named_parameters() if name.startswith("weight_"))
    macs.append(clips * steps * sum(matrix.numel() for matrix in matrices))
    directions = 2 if gru.bidirectional else 1
    output = x.new_empty(clips, steps, directions * gru.hidden_size)
    return output, x.new_empty(gru.num_layers * directions, clips, gru.hidden_size)
