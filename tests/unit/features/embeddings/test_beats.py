"""BEATs against outputs of the original implementation, from waveform to tokens and labels.

The numbers are those of the authors' code (microsoft/unilm, folder beats) for the small
network of `tests/made_beats.py` and two clips.
"""

import numpy as np
import pytest
import torch

from sed_core.features.embeddings.beats import BEATs
from sed_core.features.embeddings.encoder_weights import load_encoder
from sed_core.runtime.errors import SedError
from tests.made_beats import SEED, published
from tests.parity.fill import noise

PARAMETERS = 90_717_055 - 128  # of the original with 527 labels; norms are worked into a weight

# Of both clips: channels 0, 21, 42, 63 of tokens 0, 165, 330, 495; norm of all; labels.
FRAME = [
    [
        [-2.8352544, 0.6148251, 0.4159071, 0.6830651],
        [-0.7036356, 0.5496481, 0.4768398, 0.6363514],
        [0.7543706, -0.2483906, -0.3702263, -0.1438385],
        [0.3118247, -0.1268320, 0.2039425, 0.0974400],
    ],
    [
        [-1.3801244, 0.4411383, 0.3604524, 0.4774753],
        [-0.3601093, 0.3397034, 0.2763385, 0.3692237],
        [1.0241100, 0.2338322, 0.3671118, 0.2533343],
        [0.8334111, 0.2278245, 0.2975092, 0.1859324],
    ],
]
NORMS = [179.108368, 179.336166]
PROBABILITIES = [
    [0.4182594, 0.4650767, 0.8810766, 0.3799608, 0.4719962, 0.3582043, 0.4724096],
    [0.4001864, 0.3797507, 0.8858173, 0.3295229, 0.4074009, 0.3134036, 0.4921446],
]


@pytest.fixture(scope="module")
def clips() -> torch.Tensor:
    """Noise that swells by 40 dB, and loud noise."""
    level = np.linspace([1e-3, 0.3], [0.1, 0.3], 160000, dtype=np.float32).T
    return torch.from_numpy(noise("clips", (2, 160000), SEED) * level)


def load(folder, content) -> BEATs:
    torch.save(content, folder / "w.pt")
    encoder = load_encoder("beats", folder / "w.pt")
    assert isinstance(encoder, BEATs)
    return encoder


def test_equals_the_original(tmp_path, clips):
    encoder = load(tmp_path, published(predictor=True))
    with torch.inference_mode():
        found = {kind: value.numpy() for kind, value in encoder(clips).items()}
    assert found["frame"].shape == (2, 64, 496)
    np.testing.assert_allclose(found["frame"][:, ::21, ::165], FRAME, atol=2e-5)
    np.testing.assert_allclose(np.linalg.norm(found["frame"], axis=(1, 2)), NORMS, rtol=1e-5)
    probabilities = 1 / (1 + np.exp(-found["global"]))
    np.testing.assert_allclose(probabilities, PROBABILITIES, atol=2e-6)


def test_tokens_of_a_moment_are_neighbours(tmp_path, clips):
    with torch.inference_mode():
        found = load(tmp_path, published(predictor=False))(clips)
    for moment in (0, 30, 61):
        patches = found["frame"][..., 8 * moment : 8 * moment + 8]
        torch.testing.assert_close(found["aligned"][..., moment], patches.mean(-1))


def test_without_predictor_the_clip_is_its_mean_token(tmp_path, clips):
    with torch.inference_mode():
        found = load(tmp_path, published(predictor=False))(clips)
    assert torch.equal(found["global"], found["mean"])
    torch.testing.assert_close(found["mean"], found["frame"].mean(2))


def test_the_published_size():
    with torch.device("meta"):
        encoder = BEATs(n_labels=527)
    assert sum(p.numel() for p in encoder.parameters()) == PARAMETERS


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"max_distance": 1280}, r"cfg says max_distance=1280, this network has 800"),
        ({"layer_norm_first": True}, r"cfg says layer_norm_first=True, this network has False"),
    ],
)
def test_a_network_of_another_kind_is_refused(tmp_path, other, sentence):
    with pytest.raises(SedError, match=sentence):
        load(tmp_path, published(predictor=False, **other))


def test_missing_and_unknown_tensors_are_refused(tmp_path):
    for name in ("encoder.layers.0.self_attn.grep_a", "encoder.pos_conv.0.weight_g"):
        content = published(predictor=False)
        content["model"]["other.weight"] = content["model"].pop(name)
        with pytest.raises(SedError, match="does not hold the weights of 'beats'"):
            load(tmp_path, content)
