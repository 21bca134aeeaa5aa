"""What every encoder promises: shapes, times, kinds, and that a small one is of the same class."""

import math

import numpy as np
import pytest
import torch

from sed_core.config.embedding_kinds import STORED
from sed_core.features import precision
from sed_core.features.embeddings.ast import AST
from sed_core.features.embeddings.ast_names import to_original
from sed_core.features.embeddings.atst_frame import ATSTFrame
from sed_core.features.embeddings.beats import BEATs
from sed_core.features.embeddings.encoder import Encoder
from sed_core.features.embeddings.encoder_registry import ENCODERS
from sed_core.features.embeddings.frame_mn import FrameMN
from sed_core.features.embeddings.panns import PANNs
from sed_core.features.embeddings.yamnet import YAMNet
from sed_core.runtime.errors import SedError


def alive(network: Encoder) -> Encoder:
    """Keep the signal's size over 27 layers, which torch's own first weights bring to 1e-11."""
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return network


# BEATs is no narrower: with 4 or 8 channels a group (the published network has 48), oneDNN computes
# the bfloat16 convolution of positions wrongly on CPUs (torch 2.13).
SMALL = {
    "ast": lambda: AST(width=64, depth=2, hidden=96, n_labels=7).eval(),
    "atst_frame": lambda: ATSTFrame(width=64, depth=2, hidden=96).eval(),
    "beats": lambda: BEATs(
        width=256, depth=2, heads=4, hidden=96, patch_width=24, n_labels=7
    ).eval(),
    "frame_mn": lambda: alive(FrameMN(width=0.2)).eval(),
    "panns": lambda: PANNs(channels=(2, 3, 4, 5, 6, 7)).eval(),
    "yamnet": lambda: alive(YAMNet(channels=(16,) * 14, n_labels=7)).eval(),
}
VECTORS = {
    "ast": {"global": 7, "mean": 64},
    "atst_frame": {"mean": 64},
    "beats": {"global": 7, "mean": 256},
    "frame_mn": {"mean": 192},
    "panns": {"global": 7},
    "yamnet": {"global": 7, "mean": 16},
}
N_SAMPLES = 160000


@pytest.fixture(params=SMALL, scope="module")
def name(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def encoder(name):
    torch.manual_seed(0)
    return SMALL[name]()


@pytest.fixture(scope="module")
def clips():
    return 0.1 * torch.randn(2, N_SAMPLES, generator=torch.Generator().manual_seed(1))


def test_kinds_shapes_and_times(name, encoder, clips):
    with torch.inference_mode():
        found = encoder(clips)
    assert set(found) == {STORED[kind] for kind in encoder.kinds}
    assert {kind: found[kind].shape[1] for kind in VECTORS[name]} == VECTORS[name]
    times = encoder.frame_times(N_SAMPLES)
    assert found["aligned"].shape == (2, found["frame"].shape[1], len(times))
    step = times[1] - times[0]
    assert np.allclose(np.diff(times), step)
    assert abs(times[0] - step / 2) < 0.05 and 9.9 < times[-1] + step / 2 < 10.3


def test_aligned_frames_react_where_their_time_says(name, encoder):
    """A click moves the embedding most at the frames whose time it has."""
    quiet = 1e-3 * torch.randn(1, N_SAMPLES, generator=torch.Generator().manual_seed(2))
    loud = quiet.clone()
    at = 6.0
    loud[0, int(at * 16000)] += 1.0
    with torch.inference_mode():
        change = (encoder(loud)["aligned"] - encoder(quiet)["aligned"]).norm(dim=1)[0]
    times = encoder.frame_times(N_SAMPLES)
    assert abs(times[int(change.argmax())] - at) < 0.15


def test_a_clip_is_the_same_in_any_batch(encoder, clips):
    with torch.inference_mode():
        together, alone = encoder(clips), encoder(clips[1:])
    for kind in together:
        # Another batch takes other matrix kernels, hence float32 noise over the layers.
        assert torch.allclose(together[kind][1:], alone[kind], atol=1e-4)


def test_its_own_tensors_are_a_file_of_weights(encoder, clips):
    """An end-to-end system keeps its encoder like that."""
    same = type(encoder).from_state(encoder.state_dict())
    with torch.inference_mode():
        assert torch.equal(same(clips[:1])["frame"], encoder(clips[:1])["frame"])


def test_a_clip_is_heard_to_its_end_or_refused(name, encoder):
    """AST's positions end after 10.24 s: of longer clips it would ignore the rest."""
    n_samples = round(16000 * min(encoder.max_seconds, 15))
    silence, late = torch.zeros(2, 1, n_samples)
    late[0, -1600::2] = 0.5
    with torch.inference_mode():
        heard, nothing = (encoder.features(sound) for sound in (late, silence))
    assert (heard - nothing).abs().max() > 1
    if encoder.max_seconds == math.inf:
        return encoder.check_length(1e6)
    encoder.check_length(encoder.max_seconds)
    with pytest.raises(SedError, match=r"AST hears 10\.24 s, but the clips have 30 s"):
        encoder.check_length(30)
    return None


@pytest.mark.parametrize("seconds", [1.0, 1.73, 12.34, 60.0])
def test_clips_of_any_length_have_a_frame_for_each_time(encoder, seconds):
    n_samples = round(16000 * seconds)
    if seconds > encoder.max_seconds:
        pytest.skip("refused, see above")
    with torch.inference_mode():
        found = encoder(torch.zeros(1, n_samples))["aligned"]
    assert found.shape[2] == len(encoder.frame_times(n_samples))


def test_unknown_kind_is_refused(encoder, clips):
    with pytest.raises(SedError, match=r"pretrained\.kind is 'tokens'.*frame, aligned"):
        encoder.embed(clips, "tokens")


@pytest.fixture
def computes_half(monkeypatch):
    """bfloat16 also where this processor only imitates it."""
    monkeypatch.setattr(precision, "_computes", lambda dtype: True)


def test_bf16_is_close_and_comes_back_as_float32(name, encoder, clips, computes_half):
    """The 16 blocks of a MobileNet that learned nothing keep less of what bfloat16 leaves."""
    with torch.inference_mode():
        exact = encoder.embed(clips, "frame")
        rough = encoder.embed(clips, "frame", precision="bf16-mixed")
    assert rough.dtype == torch.float32
    share = 0.08 if name == "frame_mn" else 0.03
    assert 0 < torch.linalg.norm(rough - exact) < share * torch.linalg.norm(exact)


def test_a_processor_without_bf16_computes_in_float32(encoder, clips, monkeypatch):
    monkeypatch.setattr(precision, "_computes", lambda dtype: False)
    plain = type(encoder).from_state(encoder.state_dict()).rounded("bf16-mixed")
    with torch.inference_mode():
        exact = encoder.embed(clips[:1], "frame")
        assert torch.equal(plain.embed(clips[:1], "frame", precision="bf16-mixed"), exact)


def test_weights_rounded_beforehand_change_nothing(name, encoder, clips, computes_half):
    once = type(encoder).from_state(encoder.state_dict()).rounded("bf16-mixed")
    kinds = {STORED[kind] for kind in encoder.kinds} - {"frame"}
    with torch.inference_mode():
        for kind in kinds:
            found, expected = (
                e.embed(clips, kind, precision="bf16-mixed") for e in (once, encoder)
            )
            assert torch.equal(found, expected), kind


def test_extraction_folds_norms_and_changes_only_rounding(encoder, clips):
    with torch.random.fork_rng():
        learned = type(encoder).from_state(encoder.state_dict())
        for layer in learned.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.running_mean.normal_(std=0.1)
                layer.running_var.uniform_(0.5, 2)
                torch.nn.init.normal_(layer.weight, 1, 0.1)
                torch.nn.init.normal_(layer.bias, std=0.1)
    with torch.inference_mode():
        before = learned.embed(clips, "frame")
        after = learned.for_extraction("32-true").embed(clips, "frame")
    norms = [
        name for name, layer in learned.named_modules() if isinstance(layer, torch.nn.BatchNorm2d)
    ]
    assert norms in ([], ["bn0"])  # PANNs' first comes before any convolution
    assert torch.linalg.norm(after - before) < 1e-5 * torch.linalg.norm(before)


def test_a_kind_alone_is_the_same(encoder, clips):
    """What only other kinds need may be left out."""
    with torch.inference_mode():
        whole = encoder(clips)
        for kind in whole:
            assert torch.equal(encoder(clips, kind)[kind], whole[kind]), kind


def test_ast_reads_sizes_off_the_tensors(clips):
    small = SMALL["ast"]()
    same = AST.from_state(to_original(small.state_dict()))
    with torch.inference_mode():
        assert torch.equal(same(clips)["global"], small(clips)["global"])


def test_panns_keeps_its_batch_norms_while_fine_tuned(clips):
    encoder = SMALL["panns"]().train()
    before = encoder.bn0.running_mean.clone()
    encoder(clips)
    assert encoder.training and torch.equal(encoder.bn0.running_mean, before)


def test_every_registered_encoder_is_held_to_this():
    assert set(SMALL) == set(ENCODERS)
