"""The networks of DCASE 2023 and 2024, which join BEATs' tokens by `pool1d` or `interpolate`.

Tolerances: some three times the rounding between the original in float32 and in float64. Dropout
is off.
"""

import numpy as np
import pytest
import torch

from sed_core.features.embeddings.alignment import ALIGNMENTS
from sed_core.models.crnn import build_crnn
from sed_core.models.dropstep import hidden
from tests.parity.fill import fill, noise
from tests.parity.subset import Arrays, largest

NET = {
    "dropout": 0.0,
    "use_embeddings": True,
    "embedding_type": "aligned",
    "embedding_size": 768,
    "shrink_aligned": False,
}
YEARS = {
    "dcase2023": ({}, 10, "eval_after_train", 1_227_236),
    "dcase2024": ({"n_RNN_cell": 192}, 27, "eval_after_train_nomask", 1_785_094),
}
TOLERANCE = {"strong": 1e-6, "weak": 1e-6, "cnn_out": 3e-5, "rnn_in": 1e-5, "rnn_out": 1e-5}


@pytest.fixture(scope="module")
def inputs(golden, seed):
    """Scaled features in [0, 1] and made-up tokens (6, 768, 496)."""
    tokens = noise("embeddings/beats_frame", (6, 768, 496), seed)
    return torch.from_numpy(golden("features")["scaled_full"]), torch.from_numpy(tokens)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["pool1d", "interpolate"])
@pytest.mark.parametrize("year", YEARS)
def test_network_and_alignment(year, kind, inputs, reference_file, seed):
    data = Arrays(reference_file(f"zoo/{year}_{kind}.npz"))
    options, n_classes, judged, n_parameters = YEARS[year]
    scaled, tokens = inputs
    scaled = 2 * scaled - 1 if year == "dcase2024" else scaled
    frames = ALIGNMENTS[kind](np.arange(496), np.arange(156))(tokens)
    assert largest(frames[0, ::8].T, data["pooled_every8_clip0"]) < 1e-6

    network = fill(build_crnn({**NET, **options}, n_classes), seed).eval()
    state = network.state_dict()
    shapes = {key: str(tuple(entry.shape)) for key, entry in state.items()}
    assert shapes == dict(zip(data["state_keys"], data["state_shapes"], strict=True))
    assert sum(p.numel() for p in network.parameters()) == data["n_parameters"] == n_parameters

    prefix = "after_train/"
    after = {k.removeprefix(prefix): data[k] for k in data if k.startswith(prefix)}
    network.load_state_dict(state | {k: torch.from_numpy(v) for k, v in after.items()})
    found = {}
    network.cnn.register_forward_hook(lambda _, x, y: found.update(cnn_out=y.squeeze(-1)))
    network.rnn.register_forward_hook(lambda _, x, y: found.update(rnn_in=x[0], rnn_out=y))
    found["strong"], found["weak"] = network(scaled, frames)
    for name, ours in found.items():
        place = judged if name in ("strong", "weak") else "eval_after_train"
        theirs = data[f"{place}/{name}"]
        assert largest(ours[: len(theirs)], theirs) < TOLERANCE[name], name


@torch.no_grad()
@pytest.mark.parametrize("kind", ["pool1d", "interpolate"])
@pytest.mark.parametrize("year", YEARS)
def test_training_pass_in_float64(year, kind, inputs, reference_file, seed):
    """That of 2024 with its classes masked."""
    data = Arrays(reference_file(f"zoo/{year}_{kind}.npz"))
    options, n_classes, *_ = YEARS[year]
    scaled, tokens = inputs
    scaled, masks = scaled.double(), {}
    if year == "dcase2024":
        scaled, masks = 2 * scaled - 1, {"class_mask": torch.from_numpy(data["classes_mask"])}
    frames = ALIGNMENTS[kind](np.arange(496), np.arange(156))(tokens.double())
    network = fill(build_crnn({**NET, **options}, n_classes).double(), seed).train()
    strong, weak = network(scaled, frames, **masks)
    assert largest(strong, data["train_f64/strong"]) < 1e-7
    assert largest(weak, data["train_f64/weak"]) < 1e-7


@torch.no_grad()
def test_dropstep(inputs, reference_file, seed, monkeypatch):
    """The stretches that the original hides, and what its network makes of the rest."""
    data = Arrays(reference_file("zoo/dcase2024_pool1d.npz"))
    draws, longest = torch.from_numpy(data["dropstep/draws"]), int(data["dropstep/settings"][0])
    for name, (lengths, starts) in (("cnn", draws[:2]), ("emb", draws[2:])):
        gone = hidden(lengths, starts, longest, 156).numpy()
        assert np.array_equal(gone, data[f"dropstep/zero_{name}"]), name
    turns = iter((draws[:2], draws[2:]))
    monkeypatch.setattr(torch, "rand", lambda *_, **__: next(turns))
    scaled, tokens = inputs
    frames = ALIGNMENTS["pool1d"](np.arange(496), np.arange(156))(tokens.double())
    options, n_classes, *_ = YEARS["dcase2024"]
    net = {**NET, **options, "dropstep": longest}
    net["fusion"] = {"name": "aligned", "shrink": False, "hide": longest}
    network = fill(build_crnn(net, n_classes).double(), seed).train()
    told = torch.from_numpy(data["classes_mask"])
    strong, weak = network(2 * scaled.double() - 1, frames, class_mask=told)
    assert largest(strong, data["dropstep/train_f64/strong"]) < 1e-7
    assert largest(weak, data["dropstep/train_f64/weak"]) < 1e-7
    assert next(turns, None) is None
