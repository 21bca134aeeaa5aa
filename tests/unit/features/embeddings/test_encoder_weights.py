"""Weights from local files: checked, read safely, and a sentence for everything else."""

import hashlib
import os
import pickle

import pytest
import torch
from safetensors.torch import save_file

from sed_core.features.embeddings.ast import AST
from sed_core.features.embeddings.ast_names import HUGGING_FACE, renamed, to_original
from sed_core.features.embeddings.encoder_registry import ENCODERS
from sed_core.features.embeddings.encoder_weights import load_encoder, obtain_weights
from sed_core.runtime.errors import SedError


@pytest.fixture(scope="module")
def small() -> AST:
    torch.manual_seed(0)
    return AST(width=64, depth=1, hidden=64, n_labels=3).eval()


def hugging_face(state):
    names = {new: old for old, new in HUGGING_FACE.items()}
    return {renamed(key, names): value.contiguous() for key, value in state.items()}


def test_both_formats_give_the_same_tensors(small, tmp_path):
    torch.save(to_original(small.state_dict()), tmp_path / "a.pth")
    save_file(hugging_face(small.state_dict()), tmp_path / "b.safetensors")
    (tmp_path / "b.safetensors").rename(tmp_path / "b.pth")  # content decides, not the name
    for name in ("a.pth", "b.pth"):
        state = load_encoder("ast", tmp_path / name).state_dict()
        assert state.keys() == small.state_dict().keys()
        assert all(torch.equal(value, small.state_dict()[key]) for key, value in state.items())


def test_a_file_that_is_there_is_checked_and_used_in_place(tmp_path):
    path = tmp_path / "w.pth"
    path.write_bytes(b"weights")
    right = f"sha256:{hashlib.sha256(b'weights').hexdigest()}"
    receipt = obtain_weights(path, urls=(), checksum=right)
    assert (receipt["checked"], receipt["size"]) == ("sha256", 7)
    with pytest.raises(SedError, match=r"w\.pth has the sha256 .* instead of 0{64}"):
        obtain_weights(path, urls=(), checksum=f"sha256:{'0' * 64}")


def test_another_file_than_before_is_refused(small, tmp_path):
    torch.save(to_original(small.state_dict()), tmp_path / "w.pth")
    known = obtain_weights(tmp_path / "w.pth", urls=(), checksum=None)["digest"]
    load_encoder("ast", tmp_path / "w.pth", expected=known)
    other = {key: value + 1 for key, value in small.state_dict().items()}
    torch.save(to_original(other), tmp_path / "w.pth")
    with pytest.raises(SedError, match=r"w\.pth is another file of weights than was used before"):
        load_encoder("ast", tmp_path / "w.pth", expected=known)


def test_absent_weights_say_where_to_put_them(tmp_path):
    with pytest.raises(SedError, match=r"put it at .*w\.pth \(md5:0{32}\)"):
        obtain_weights(tmp_path / "w.pth", urls=(), checksum=f"md5:{'0' * 32}")


def test_foreign_content_is_refused(small, tmp_path):
    torch.save({"some": torch.ones(1)}, tmp_path / "other.pth")
    for name in ENCODERS:
        with pytest.raises(SedError, match=rf"other\.pth does not hold the weights of '{name}'"):
            load_encoder(name, tmp_path / "other.pth")

    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'ran'}",)

    (tmp_path / "evil.pth").write_bytes(pickle.dumps({"model": Evil()}))
    with pytest.raises(SedError, match=r"evil\.pth"):
        load_encoder("ast", tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()
    with pytest.raises(SedError, match=r"no pretrained network 'asd'; .* Did you mean 'ast'"):
        load_encoder("asd", tmp_path / "other.pth")
