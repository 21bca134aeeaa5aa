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

    Args:
        network: stays as it is.
        inputs: of one clip; only their shapes matter.
        options: further arguments of its forward.
    """
    shadow = (
        copy.deepcopy(network).to("meta").eval()
    )  # there, plain layers take the fused ones' place
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
    return Complexity(parameters=size, macs=counter.get_total_flops() // 2)
