"""ATST-Frame beyond its positions, beside other clips, and without its last blocks."""

import argparse

import pytest
import torch

from sed_core.features.embeddings.atst_frame import ATSTFrame
from sed_core.features.embeddings.encoder_weights import load_encoder
from sed_core.runtime.errors import SedError


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return ATSTFrame(width=64, depth=3, hidden=32).eval()


def published(network, prefix="model.atst.", norm="norm_frame"):
    """A file in the layout of PretrainedSED's, or with other names."""
    own = {
        k.replace("patch_embed", "patch_embed.patch_embed").replace("norm_frame", norm): v
        for k, v in network.state_dict().items()
    }
    extra = {f"{prefix}mask_embed": torch.zeros(1, 1, 64), "strong_head.bias": torch.zeros(447)}
    return {f"{prefix}{key}": value for key, value in own.items()} | extra


@torch.inference_mode()
def test_long_clips_are_heard_in_pieces_of_ten_seconds(network):
    clip = 0.1 * torch.randn(2, 16000 * 23, generator=torch.Generator().manual_seed(1))
    found = network(clip)["frame"]
    assert found.shape[2] == len(network.frame_times(16000 * 23)) == 575
    for at in (0, 1):
        piece = network(clip[:, 160000 * at : 160000 * (at + 1)])["frame"]
        torch.testing.assert_close(found[..., 250 * at : 250 * (at + 1)], piece, atol=1e-5, rtol=0)


@torch.inference_mode()
def test_a_loud_neighbour_counts_only_where_asked_for(network):
    quiet = 1e-4 * torch.randn(1, 16000, generator=torch.Generator().manual_seed(1))
    pair = torch.cat((quiet, 1e4 * quiet))
    assert torch.equal(network.features(pair)[:1], network.features(quiet))
    original = ATSTFrame.configured(top_db="batch").from_state(network.state_dict())
    assert not torch.allclose(original.features(pair)[:1], original.features(quiet), atol=0.1)


@torch.inference_mode()
def test_the_last_blocks_may_be_left_out(network):
    clip = torch.randn(1, 16000, generator=torch.Generator().manual_seed(1))
    whole = ATSTFrame.from_state(published(network))
    assert torch.equal(whole(clip)["frame"], network(clip)["frame"])
    shorter = ATSTFrame.configured(drop_last=2)
    short = shorter.from_state(published(network))
    assert len(short.blocks) == 1
    same = shorter.from_state(short.state_dict())  # of a trained system: nothing more is dropped
    assert torch.equal(same(clip)["frame"], short(clip)["frame"])
    with pytest.raises(SedError, match="drop_last is 3, but the network has only 3 blocks"):
        ATSTFrame.configured(drop_last=3).from_state(published(network))


OTHERS = {
    "encoder.encoder.teacher_module.encoder.pos_embed": torch.zeros(1),
    "head.bias": torch.zeros(9),
}


@pytest.mark.parametrize(
    ("prefix", "norm", "others"),
    [
        ("encoder.encoder.", "norm_frame", {"head.linear.bias": torch.zeros(9)}),
        ("encoder.encoder.frame_encoder.", "norm_frame", OTHERS),
        (
            "model.teacher.encoder.",
            "norm",
            {
                "model.student.encoder.pos_embed": torch.zeros(1),
                "model.teacher.encoder.cls_token": torch.zeros(1, 1, 64),
            },
        ),
    ],
)
@torch.inference_mode()
def test_files_of_the_authors(network, tmp_path, prefix, norm, others):
    """Written by Lightning, with hyper-parameters that name code, none of which is run."""
    told = {"learning_rate": 0.1, "args": argparse.Namespace(arch="base")}
    tensors = published(network, prefix, norm) | others
    torch.save({"state_dict": tensors, "hyper_parameters": told, "epoch": 3}, tmp_path / "a.ckpt")
    read = load_encoder("atst_frame", tmp_path / "a.ckpt", options={"drop_last": 1})
    expected = ATSTFrame.configured(drop_last=1).from_state(published(network))
    clip = torch.randn(1, 16000, generator=torch.Generator().manual_seed(1))
    assert len(read.blocks) == 2
    assert torch.equal(read(clip)["frame"], expected(clip)["frame"])


def test_another_lightning_file_is_refused(tmp_path):
    torch.save({"state_dict": {"encoder.fc.bias": torch.zeros(9)}}, tmp_path / "other.ckpt")
    with pytest.raises(SedError, match=r"other\.ckpt does not hold the weights of 'atst_frame'"):
        load_encoder("atst_frame", tmp_path / "other.ckpt")
