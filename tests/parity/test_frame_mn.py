"""The frame-wise MobileNets against PretrainedSED's, with filled weights.

Tolerances: in evaluation some three times the rounding between the original in float32 and in
float64. With statistics of a pass the network is as noisy as its mel, of which the original's is
not kept whole: float32 mels that differ by 6e-4 at most make scores differ by 1.6e-3, in float64
too, and those of clips by 2.3e-5.
"""

import numpy as np
import pytest
import torch
from torch import nn

from sed_core.features.embeddings.frame_mn import FrameMN
from tests.parity.heads import heads, published_file
from tests.parity.subset import largest, relative

PARAMETERS = {"frame_mn06": 1_110_724, "frame_mn10": 2_990_884}
HEADS = 2 * 10
NOISE = {"stem_every40": 5e-4, "block4_every40": 2e-5}  # of the mel, near the input
FROM_AUDIO = {"strong": 5e-3, "weak": 7e-5}


@pytest.fixture(scope="module", params=PARAMETERS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def data(name, zoo):
    return zoo(f"psed_{name}")


@pytest.fixture(scope="module")
def state(data, seed):
    """A file in the published layout, filled by the rule."""
    return published_file(data, seed)


@pytest.fixture(scope="module")
def mel(golden, data):
    clips = golden("audio")["audio"][data["clip_index"]]
    audio = torch.from_numpy(clips / np.float32(32768))
    return FrameMN(width=0.1).features(audio)


def test_front_end(mel, zoo):
    data = zoo("psed_mel128")
    assert (2, 1, *mel.shape[1:]) == tuple(data["shape"])
    for ours, name in (
        (mel[0, :, ::4], "mel_clip0_every4"),
        (mel[1, :, ::16], "mel_clip2_every16"),
    ):
        assert largest(ours, data[name]) < 2e-3
        assert relative(ours, data[name]) < 3e-5


@torch.no_grad()
def test_evaluation_with_filled_statistics(name, data, state, mel):
    network = FrameMN.from_state(state)
    width = network.layers[-1][0].out_channels
    found = sum(p.numel() for p in network.parameters()) + HEADS * (width + 1)
    assert found == data["n_parameters"] == PARAMETERS[name]
    hidden = {}
    for number, place in ((0, "stem"), (5, "block4"), (11, "block10"), (16, "norm")):
        network.layers[number].register_forward_hook(
            lambda _, x, y, place=place: hidden.update({place: y})
        )
    sequence = network.tokens(mel)
    for place, output in hidden.items():
        assert tuple(output.shape) == tuple(data[f"shape/{place}"]), place
    assert tuple(sequence.mT.shape) == tuple(data["shape/sequence"])
    parts = {
        "stem_every40": hidden["stem"][0, :, ::4, ::40],
        "block4_every40": hidden["block4"][0, ..., ::40],
        "block10_every20": hidden["block10"][0, ..., ::20],
        "sequence_every10": sequence.mT[:, ::10],
        **heads(state, sequence),
    }
    for place, ours in parts.items():
        assert largest(ours, data[place]) < NOISE.get(place, 1e-6), place


@torch.no_grad()
def test_training_pass_and_evaluation_with_its_statistics(data, state, mel):
    network = FrameMN.from_state(state)
    nn.Module.train(network)  # an encoder's own norms stay in evaluation
    found = heads(state, network.tokens(mel))
    for part in ("strong", "weak"):
        assert largest(found[f"attention/{part}"], data[f"train_f64/{part}"]) < FROM_AUDIO[part]
    stats = {k.removeprefix("stats/"): data[k] for k in data if k.startswith("stats/")}
    network = FrameMN.from_state(state | {k: torch.from_numpy(v) for k, v in stats.items()})
    found = heads(state, network.tokens(mel))
    for part, tolerance in FROM_AUDIO.items():
        assert largest(found[f"attention/{part}"], data[f"eval_with_stats/{part}"]) < tolerance


def test_every_array_is_read(unread):
    assert unread == []
