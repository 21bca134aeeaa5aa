"""The networks of DCASE 2023 and 2024, which join BEATs' tokens by `pool1d` or `interpolate`.

Tolerances: some three times the rounding between the original in float32 and in float64. Dropout
is off.
"""

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor

from sed_core.features.embeddings.alignment_registry import ALIGNMENTS
from sed_core.models.crnn import build_crnn
from sed_core.models.dropstep import hidden
from tests.parity.fill import noise
from tests.parity.network_run import Run, assert_same_layout
from tests.parity.subset import Arrays, largest

NET = {
    "dropout": 0.0,
    "use_embeddings": True,
    "embedding_type": "aligned",
    "embedding_size": 768,
    "shrink_aligned": False,
}
YEARS = {
    "dcase2023": ({}, 10, 1_227_236),
    "dcase2024": ({"n_RNN_cell": 192}, 27, 1_785_094),
}
TOLERANCE = {"strong": 1e-6, "weak": 1e-6, "cnn_out": 3e-5, "rnn_in": 1e-5, "rnn_out": 1e-5}
TRAIN_ATOL = {torch.float32: 5e-4, torch.float64: 1e-7}
STATISTICS_ATOL = {torch.float32: 2e-3, torch.float64: 1e-7}


@dataclass(frozen=True)
class Case:
    """A network of a year and what it hears; 2024 also tells it which classes count."""

    year: str
    kind: str
    data: Arrays
    scaled: Tensor
    tokens: Tensor
    masks: dict[str, Tensor] = field(default_factory=dict)

    def network(self, **options):
        net, n_classes, _ = YEARS[self.year]
        return build_crnn({**NET, **net, **options}, n_classes)

    def frames(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """(6, 768, 156) tokens on the network's frames."""
        return ALIGNMENTS[self.kind](np.arange(496), np.arange(156))(self.tokens.to(dtype))


@pytest.fixture(scope="module")
def case_of(golden, zoo, seed):
    """Scaled features in [0, 1], or twice that less 1, and made-up tokens (6, 768, 496)."""
    scaled = torch.from_numpy(golden("features")["scaled_full"])
    tokens = torch.from_numpy(noise("embeddings/beats_frame", (6, 768, 496), seed))

    def case(year: str, kind: str) -> Case:
        data = zoo(f"{year}_{kind}")
        if year == "dcase2023":
            return Case(year, kind, data, scaled, tokens)
        told = {"class_mask": torch.from_numpy(data["classes_mask"])}
        return Case(year, kind, data, 2 * scaled - 1, tokens, told)

    return case


CASES = [(year, kind) for year in YEARS for kind in ("pool1d", "interpolate")]


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def case(request, case_of) -> Case:
    return case_of(*request.param)


def assert_eval(run: Run, prefix: str) -> None:
    for key, error in run.errors(prefix).items():
        assert error < TOLERANCE[key], (prefix, key)


def test_alignment(case):
    assert largest(case.frames()[0, ::8].T, case.data["pooled_every8_clip0"]) < 1e-6


def test_names_shapes_and_number_of_parameters(case):
    network = case.network()
    assert_same_layout(network, case.data)
    assert sum(p.numel() for p in network.parameters()) == YEARS[case.year][-1]


def test_eval_then_train_then_eval_in_float32(case, seed):
    """The network of 2024 is also tested without its mask, as its authors do."""
    run, inputs = Run(case.network(), case.data, seed), (case.scaled, case.frames())
    run.network.eval()
    run.forward(*inputs, **case.masks)
    assert_eval(run, "eval")

    run.network.train()
    run.forward(*inputs, **case.masks)
    for prefix in ("train_f64", "train"):  # the original's float32 is 1.3e-4 off itself
        errors = run.errors(prefix)
        assert max(errors["strong"], errors["weak"]) < TRAIN_ATOL[torch.float32], prefix
    assert run.statistics_error("after_train") < STATISTICS_ATOL[torch.float32]

    run.take_statistics("after_train")
    run.network.eval()
    run.forward(*inputs, **case.masks)
    assert_eval(run, "eval_after_train")
    if case.masks:
        run.forward(*inputs)
        assert_eval(run, "eval_after_train_nomask")


def test_train_in_float64(case, seed):
    run = Run(case.network().double(), case.data, seed)
    run.network.train()
    run.forward(case.scaled.double(), case.frames(torch.float64), **case.masks)
    errors = run.errors("train_f64")
    assert max(errors["strong"], errors["weak"]) < TRAIN_ATOL[torch.float64]
    assert run.statistics_error("after_train_f64") < STATISTICS_ATOL[torch.float64]


@pytest.mark.parametrize("kind", ["pool1d", "interpolate"])
def test_order_of_the_classes_of_2024(root, zoo, kind):
    shipped = yaml.safe_load((root / "configs/dcase2024.yaml").read_text())
    assert (
        shipped["datasets"]["dcase2024"]["classes"] == zoo(f"dcase2024_{kind}")["classes"].tolist()
    )


def test_dropstep(case_of, seed, monkeypatch):
    """The stretches that the original hides, and what its network makes of the rest."""
    case = case_of("dcase2024", "pool1d")
    draws = torch.from_numpy(case.data["dropstep/draws"])
    longest, share = case.data["dropstep/settings"]
    assert longest == min(longest, int(156 * share))  # the limit is that of the frames
    for name, (lengths, starts) in (("cnn", draws[:2]), ("emb", draws[2:])):
        gone = hidden(lengths, starts, int(longest), 156).numpy()
        assert np.array_equal(gone, case.data[f"dropstep/zero_{name}"]), name
    turns = iter((draws[:2], draws[2:]))
    monkeypatch.setattr(torch, "rand", lambda *_, **__: next(turns))
    fusion = {"name": "aligned", "shrink": False, "hide": int(longest)}
    network = case.network(dropstep=int(longest), fusion=fusion).double()
    run = Run(network, case.data, seed)
    run.network.train()
    run.forward(case.scaled.double(), case.frames(torch.float64), **case.masks)
    errors = run.errors("dropstep/train_f64")
    assert max(errors["strong"], errors["weak"]) < TRAIN_ATOL[torch.float64]
    assert next(turns, None) is None


def test_every_array_is_read(unread):
    assert unread == []
