"""ATST-Frame and BEATs of PretrainedSED, with filled weights in the layout of its files.

Tolerances: some three times the rounding between the original in float32 and in float64; those of
BEATs are estimates for outputs from audio, as Kaldi's filter bank is noisy. Its logits were 2.6e-5
off on one processor, of the 3e-5 that came with the data as an estimate; here they may be 1e-4 off.
"""

import numpy as np
import pytest
import torch
from torch.nn.functional import adaptive_avg_pool1d, interpolate

from sed_core.features.embeddings.atst_frame import ATSTFrame
from sed_core.features.embeddings.beats import BEATs
from tests.parity.heads import heads, published_file
from tests.parity.subset import largest, relative

ATST_ENCODER, BEATS_ENCODER = 2e-6, 1e-4
ATST_HEADS = {"attention": 2e-6, "linear": 1e-5}
BEATS_HEADS = {"attention": 3e-5, "linear": 1e-4}


@pytest.fixture(scope="module")
def audio(golden):
    return torch.from_numpy(golden("audio")["audio"] / np.float32(32768))


def n_of_heads(state):
    return sum(value.numel() for key, value in state.items() if "_head." in key)


@torch.inference_mode()
def test_atst_frame(audio, zoo, seed):
    data = zoo("psed_atst_frame")
    state = published_file(data, seed)
    together = ATSTFrame.configured(top_db="batch").from_state(state)
    unused = state["model.atst.mask_embed"].numel()
    found = sum(p.numel() for p in together.parameters())
    assert found + n_of_heads(state) + unused == data["n_parameters"] == 85_434_644
    assert largest(together.filters, data["mel_filterbank"]) < 1e-7

    mel = together.features(audio[data["clip_index"]])
    apart = ATSTFrame(width=64, depth=1, hidden=64).features(audio[data["clip_index"]])
    quiet = together.features(torch.stack((audio[0], 0.001 * audio[0])))
    parts = {
        "mel_clip0": mel[0],
        "mel_clip2_every8": mel[1, :, ::8],
        "mel_clip2_alone_every8": apart[1, :, ::8],
        "mel_quiet_in_batch_every8": quiet[1, :, ::8],
        "mel_quiet_alone_every8": together.features(0.001 * audio[[0]])[0, :, ::8],
        "5s/mel_every8": together.features(audio[[4], :80000])[0, :, ::8],
    }
    for name, ours in parts.items():
        assert largest(ours, data[name]) < 2e-5, name

    hidden = {}
    for number in (0, 5):
        together.blocks[number].register_forward_hook(
            lambda _, x, y, number=number: hidden.update({f"block{number}_every10": y[:, ::10]})
        )
    tokens = together.tokens(mel)
    parts = {
        **hidden,
        "encoder_clip_a_every2": tokens[0, ::2],
        "encoder_clip_b_every10": tokens[1, ::10],
        "encoder_l2": torch.linalg.vector_norm(tokens, dim=2),
        "sequence_every10": tokens[:, ::10],
    }
    for name, ours in parts.items():
        assert relative(ours, data[name]) < ATST_ENCODER, name
    for name, ours in heads(state, tokens.mT).items():
        assert largest(ours, data[name]) < ATST_HEADS[name.split("/")[0]], name

    short = together.tokens(together.features(audio[[4], :80000]))
    sequence = interpolate(short.mT, 250, mode="linear")
    assert short.shape[1] == data["5s/tokens"] == len(together.frame_times(80000))
    assert relative(short[0, ::5], data["5s/encoder_every5"]) < ATST_ENCODER
    assert relative(sequence.mT[0, ::10], data["5s/sequence_every10"]) < ATST_ENCODER
    found = heads(state, sequence)
    for part in ("strong", "weak"):
        assert largest(found[f"attention/{part}"], data[f"5s/attention/{part}"]) < 2e-6


@torch.inference_mode()
def test_beats(audio, zoo, seed):
    data = zoo("psed_beats")
    state = published_file(data, seed)
    bias = "model.beats.encoder.layers.{}.self_attn.relative_attention_bias.weight"
    state |= {bias.format(n): state[bias.format(0)] for n in range(12)}
    network = BEATs.from_state(state)
    other = {k.replace("model.beats.", "model.model."): v for k, v in state.items()}
    for key, value in BEATs.from_state(other).state_dict().items():
        assert torch.equal(value, network.state_dict()[key]), key
    found = sum(p.numel() for p in network.parameters())
    assert (
        found + 128 + n_of_heads(state) == data["n_parameters"] == 90_327_172
    )  # norms are in a weight

    mel = network.features(audio[data["clip_index"]])
    assert largest(mel[0, ::4].T, data["mel_clip0_every4"]) < 5e-3
    assert relative(mel[0, ::4].T, data["mel_clip0_every4"]) < 6e-5
    hidden = {}
    network.encoder.layer_norm.register_forward_hook(lambda _, x, y: hidden.update(first=y))
    tokens = network.tokens(mel)
    sequence = adaptive_avg_pool1d(tokens.mT, 250)
    parts = {
        "encoder_in_every10": hidden["first"][:, ::10],
        "encoder_clip_a_every2": tokens[0, ::2],
        "encoder_clip_b_every10": tokens[1, ::10],
        "encoder_l2": torch.linalg.vector_norm(tokens, dim=2),
        "sequence_every10": sequence.mT[:, ::10],
    }
    for name, ours in parts.items():
        assert relative(ours, data[name]) < BEATS_ENCODER, name
    for name, ours in heads(state, sequence).items():
        assert largest(ours, data[name]) < BEATS_HEADS[name.split("/")[0]], name


def test_every_array_is_read(unread):
    assert unread == []
