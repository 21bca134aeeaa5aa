"""The CRNN and its four fusions against the original's.

Tolerances: some three times the rounding between the original in float32 and in float64.
"""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sed_core.models.crnn import build_crnn
from tests.parity.fill import fill, noise
from tests.parity.subset import largest

FUSIONS = {
    "crnn": ({}, None),
    "crnn_ast_frame": ({"embedding_type": "frame", "embedding_size": 768}, (768, 1214)),
    "crnn_ast_global": ({"embedding_type": "global", "embedding_size": 527}, (527,)),
    "crnn_panns_frame": ({"embedding_type": "frame", "embedding_size": 2048}, (2048, 125)),
    "crnn_panns_global": ({"embedding_type": "global", "embedding_size": 2048}, (2048,)),
}
EVAL_ATOL, HIDDEN_ATOL = 3e-6, 2e-5
TRAIN_ATOL = {torch.float32: 1e-3, torch.float64: 1e-7}
STATISTICS_ATOL = {torch.float32: 2e-3, torch.float64: 1e-7}
N_CLASSES = 10


class Run:
    """One network of the golden data, its inputs, and the hidden layers of its last forward."""

    def __init__(self, name: str, golden, seed: int, dtype: torch.dtype) -> None:
        net, shape = FUSIONS[name]
        self.golden = golden(name)
        options = {"dropout": 0.0, "use_embeddings": shape is not None, **net}
        self.network = fill(build_crnn(options, N_CLASSES).to(dtype), seed)
        self.hidden: dict[str, Tensor] = {}
        self.network.cnn.register_forward_hook(
            lambda module, x, out: self.hidden.update(cnn_out=out.squeeze(-1))
        )
        self.network.rnn.register_forward_hook(
            lambda module, x, out: self.hidden.update(rnn_in=x[0], rnn_out=out)
        )
        self.x = torch.from_numpy(golden("features")["scaled_full"]).to(dtype)
        self.embeddings = None
        if shape is not None:
            self.embeddings = torch.from_numpy(
                noise(f"embeddings/{name}", (len(self.x), *shape), seed)
            ).to(dtype)

    @torch.no_grad()
    def errors(self, prefix: str) -> dict[str, float]:
        """Largest absolute error of each output and hidden layer that the golden data hold."""
        strong, weak = self.network(self.x, self.embeddings)
        found = {"strong": strong, "weak": weak, **self.hidden}
        errors = {}
        for key, ours in found.items():
            if f"{prefix}/{key}" in self.golden:
                theirs = self.golden[f"{prefix}/{key}"]
                errors[key] = largest(ours[: len(theirs)], theirs)
        return errors

    def statistics(self, prefix: str) -> dict[str, np.ndarray]:
        return {
            key.removeprefix(f"{prefix}/"): self.golden[key]
            for key in self.golden
            if key.startswith(f"{prefix}/")
        }


@pytest.fixture(scope="module", params=FUSIONS)
def name(request) -> str:
    return request.param


def assert_eval(errors: dict[str, float]) -> None:
    assert {"strong", "weak"} <= set(errors)
    for key, error in errors.items():
        assert error < (EVAL_ATOL if key in ("strong", "weak") else HIDDEN_ATOL), key


def test_names_shapes_and_number_of_parameters(name, golden, seed):
    run = Run(name, golden, seed, torch.float32)
    state = run.network.state_dict()
    shapes = {key: str(tuple(entry.shape)) for key, entry in state.items()}
    assert shapes == dict(zip(run.golden["state_keys"], run.golden["state_shapes"], strict=True))
    assert sum(p.numel() for p in run.network.parameters()) == run.golden["n_parameters"]


def test_eval_then_train_then_eval_in_float32(name, golden, seed):
    run = Run(name, golden, seed, torch.float32)
    run.network.eval()
    assert_eval(run.errors("eval"))

    run.network.train()
    errors = run.errors("train_f64")
    assert max(errors["strong"], errors["weak"]) < TRAIN_ATOL[torch.float32]
    state = run.network.state_dict()
    for key, value in run.statistics("after_train").items():
        assert np.abs(state[key].numpy() - value).max() < STATISTICS_ATOL[torch.float32], key

    theirs = {key: torch.from_numpy(v) for key, v in run.statistics("after_train").items()}
    run.network.load_state_dict({**state, **theirs})
    run.network.eval()
    assert_eval(run.errors("eval_after_train"))


def test_train_in_float64(name, golden, seed):
    run = Run(name, golden, seed, torch.float64)
    run.network.train()
    errors = run.errors("train_f64")
    assert max(errors["strong"], errors["weak"]) < TRAIN_ATOL[torch.float64]
    for key, value in run.statistics("after_train_f64").items():
        ours = run.network.state_dict()[key].numpy()
        assert np.abs(ours - value).max() < STATISTICS_ATOL[torch.float64], key


def test_fill_rule_gives_the_example_of_the_readme(seed):
    if seed != 1:
        pytest.skip("the example is for seed 1")
    dense: nn.Module = fill(build_crnn({}, N_CLASSES), seed).dense
    example = torch.tensor([-0.05879607, -0.12245639, 0.09940740])
    assert torch.allclose(dense.bias[:3], example, atol=1e-8)
