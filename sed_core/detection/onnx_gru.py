"""A GRU as ONNX's own operator: the exporter takes torch's apart and fails."""

import torch
from torch import Tensor, nn


class OnnxGRU(nn.Module):
    """Stands in for a batch-first `nn.GRU` while a network is exported.

    ONNX orders the gates as update, reset, new; torch as reset, update, new.

    Args:
        gru: whose weights it takes.
    """

    def __init__(self, gru: nn.GRU) -> None:
        super().__init__()
        self.hidden_size, self.num_layers = gru.hidden_size, gru.num_layers
        ways = ("", "_reverse") if gru.bidirectional else ("",)
        self.ways = len(ways)
        for layer in range(gru.num_layers):
            for name, kinds in (("w", ["weight_ih"]), ("r", ["weight_hh"])):
                both = [self._ordered(getattr(gru, f"{kinds[0]}_l{layer}{end}")) for end in ways]
                self.register_buffer(f"{name}{layer}", torch.stack(both))
            biases = [
                torch.cat(
                    [
                        self._ordered(getattr(gru, f"{kind}_l{layer}{end}"))
                        for kind in ("bias_ih", "bias_hh")
                    ]
                )
                for end in ways
            ]
            self.register_buffer(f"b{layer}", torch.stack(biases))

    @staticmethod
    def _ordered(weight: Tensor) -> Tensor:
        reset, update, new = weight.detach().chunk(3)
        return torch.cat([update, reset, new])

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        """(B, T, D) -> (B, T, directions * cells), and no state."""
        line = x.transpose(0, 1)
        for layer in range(self.num_layers):
            weights = [getattr(self, f"{name}{layer}") for name in "wrb"]
            (found,) = torch.onnx.ops.symbolic_multi_out(
                "GRU",
                (line, *weights),
                {
                    "hidden_size": self.hidden_size,
                    "direction": "bidirectional" if self.ways == 2 else "forward",
                    "linear_before_reset": 1,
                },
                dtypes=(torch.float32,),
                shapes=((line.shape[0], self.ways, line.shape[1], self.hidden_size),),
                version=18,
            )
            line = found.transpose(1, 2).flatten(2)
        return line.transpose(0, 1), None


def with_onnx_grus(network: nn.Module) -> nn.Module:
    """Put the stand-ins in place of all GRUs of a network, which then only serves for an export."""
    for name, child in network.named_children():
        if isinstance(child, nn.GRU):
            setattr(network, name, OnnxGRU(child))
        else:
            with_onnx_grus(child)
    return network
