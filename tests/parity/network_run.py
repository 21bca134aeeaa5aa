"""A filled network in a forward pass, and how far its outputs are from those of the golden data."""

import numpy as np
import torch
from torch import Tensor, nn

from tests.parity.fill import fill
from tests.parity.subset import Arrays, largest


class Run:
    """A CRNN of the golden data, and what its last forward pass gave, hidden layers too."""

    def __init__(self, network: nn.Module, data: Arrays, seed: int) -> None:
        self.network, self.data = fill(network, seed), data
        self.found: dict[str, Tensor] = {}
        network.cnn.register_forward_hook(
            lambda module, x, out: self.found.update(cnn_out=out.squeeze(-1))
        )
        network.rnn.register_forward_hook(
            lambda module, x, out: self.found.update(rnn_in=x[0], rnn_out=out)
        )

    @torch.no_grad()
    def forward(self, *inputs: Tensor | None, **masks: Tensor) -> None:
        self.found["strong"], self.found["weak"] = self.network(*inputs, **masks)

    def errors(self, prefix: str) -> dict[str, float]:
        """Largest absolute error of each output and hidden layer that the golden data hold."""
        kept = {key: f"{prefix}/{key}" for key in self.found if f"{prefix}/{key}" in self.data}
        assert {"strong", "weak"} <= set(kept), prefix
        return {
            key: largest(self.found[key][: len(self.data[name])], self.data[name])
            for key, name in kept.items()
        }

    def statistics_error(self, prefix: str) -> float:
        """Largest absolute error of the statistics of the norms, of which there are some."""
        state = self.network.state_dict()
        theirs = self.statistics(prefix)
        return max(largest(state[key].numpy(), value) for key, value in theirs.items())

    def take_statistics(self, prefix: str) -> None:
        """From here on the norms have the original's."""
        theirs = {key: torch.from_numpy(v) for key, v in self.statistics(prefix).items()}
        self.network.load_state_dict(self.network.state_dict() | theirs)

    def statistics(self, prefix: str) -> dict[str, np.ndarray]:
        start = f"{prefix}/"
        return {k.removeprefix(start): self.data[k] for k in self.data if k.startswith(start)}


def assert_same_layout(network: nn.Module, data: Arrays, prefix: str = "") -> None:
    """Names and shapes of its state dict, and the number of its parameters, are the original's."""
    shapes = {key: str(tuple(entry.shape)) for key, entry in network.state_dict().items()}
    keys, theirs = data[f"{prefix}state_keys"], data[f"{prefix}state_shapes"]
    assert shapes == dict(zip(keys.tolist(), theirs.tolist(), strict=True))
    assert sum(p.numel() for p in network.parameters()) == data[f"{prefix}n_parameters"]
