"""AST base384 against the original's outputs."""

from ast import literal_eval

import numpy as np
import pytest
import torch

from sed_core.features.embeddings.ast import AST
from sed_core.features.embeddings.ast_names import from_public, to_original
from tests.made_ast import LIBRARY, NETWORK, PUBLISHED, hugging_face
from tests.parity.fill import filled
from tests.parity.subset import largest, relative

# Rounding, 84 times float32's: 12 blocks after a logarithm of small energies. Measured: 3.2e-6 to
# 5.1e-6 by processor; 1.2e-5 to 1.1e-4 with another epsilon in the norms, 1e-3 with another window.
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def state(golden, seed) -> dict[str, torch.Tensor]:
    """A file in the layout of the published `.pth`, filled by the rule."""
    data = golden("ast")
    shapes = zip(data["state_keys"], data["state_shapes"], strict=True)
    return {
        f"module.{key}": torch.from_numpy(filled(key, literal_eval(shape), seed))
        for key, shape in shapes
    }


@pytest.fixture(scope="module")
def audio(golden) -> torch.Tensor:
    return torch.from_numpy(golden("audio")["audio"][[0, 4]] / np.float32(32768))


def test_fbank_and_input(golden):
    data = golden("ast")
    encoder = AST(width=64, depth=1, hidden=64)
    audio = torch.from_numpy(golden("audio")["audio"] / np.float32(32768))
    ours = encoder.features(audio).numpy()
    assert largest(ours[0], data["input_clip0"]) < 1e-3
    assert largest(ours[1:, ::16], data["input_every16"]) < 1e-3
    assert relative(ours[0], data["input_clip0"]) < 3e-5


def test_tokens_head_and_names(state, audio, golden):
    data = golden("ast")
    encoder = AST.from_state(state)
    heads = sum(value.numel() for key, value in state.items() if ".head" in key)
    assert sum(p.numel() for p in encoder.parameters()) == data["n_parameters"] - heads
    with torch.inference_mode():
        found = {kind: value.numpy() for kind, value in encoder(audio).items()}
    assert found["frame"].shape == (2, 768, 1214)
    assert relative(found["frame"][0, :, ::8], data["frame_every8_clip0"]) < TOLERANCE
    norms = np.linalg.norm(found["frame"].astype(np.float64), axis=1)
    assert relative(norms, data["frame_l2_clip0_clip4"]) < TOLERANCE
    tokens = found["frame"][1][:, [0, 1, 2, 102, 103]]
    assert relative(tokens, data["tokens_0_1_2_102_103_clip4"]) < TOLERANCE
    assert relative(found["mean"], data["cls_dist_mean_clip0_clip4"]) < TOLERANCE
    assert relative(found["global"], data["logits_clip0_clip4"]) < TOLERANCE
    patches = found["frame"][:, :, 2:].reshape(2, 768, 12, 101)
    np.testing.assert_allclose(found["aligned"], patches.mean(2), atol=1e-6)


@pytest.mark.parametrize(
    ("names", "network"),
    [(PUBLISHED, NETWORK), (LIBRARY, NETWORK), (LIBRARY, "net.")],
    ids=["published", "of the library's version 5", "trained by our version 0.1.0"],
)
def test_other_files_give_the_same_network(state, names, network):
    ours, theirs = from_public(state), from_public(hugging_face(state, names, network))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_names_of_the_original_come_back(state):
    kept = {key: value for key, value in state.items() if ".head" not in key}
    back = to_original(from_public(state))
    assert back.keys() == kept.keys()
    assert all(torch.equal(back[key], kept[key]) for key in kept)
