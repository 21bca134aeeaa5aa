"""Foreign checkpoint files: read where they are harmless, refused where they are not."""

import argparse
import builtins
import os
import pathlib
import pickle
import sys
import types

import numpy as np
import pytest
import torch

from sed_core.features.safe_load import StandIn, safe_load
from sed_core.runtime.errors import SedError

FORMATS = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])


class Calls:
    """Pickles as a call of `function(*arguments)`."""

    def __init__(self, function, *arguments) -> None:
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def malicious(marker: pathlib.Path) -> dict:
    command = f"open({str(marker)!r}, 'w').close()"
    return {
        "os.system": Calls(os.system, f"touch {marker}"),
        "builtins.eval": Calls(builtins.eval, command),
        "builtins.exec": Calls(builtins.exec, command),
        "pathlib method": Calls(getattr, pathlib.Path(marker), "touch"),
        "nested": {"state_dict": [{"a": (Calls(os.system, f"touch {marker}"),)}]},
        "as a key": {Calls(builtins.eval, command): 1},
        "in harmless": argparse.Namespace(a=Calls(os.system, f"touch {marker}")),
    }


@FORMATS
@pytest.mark.parametrize("case", list(malicious(pathlib.Path("x"))))
def test_malicious_files_are_refused_and_nothing_runs(tmp_path, case, zipped):
    marker, path = tmp_path / "ran", tmp_path / "evil.ckpt"
    content = {"state_dict": {"w": torch.ones(2)}, "payload": malicious(marker)[case]}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(SedError, match=r"evil\.ckpt is refused, and none of its code was run"):
        safe_load(path)
    assert not marker.exists()


def test_the_payload_would_have_run(tmp_path):
    """Guards the test above: the same file, read carelessly, does harm."""
    marker, path = tmp_path / "ran", tmp_path / "evil.ckpt"
    torch.save(malicious(marker)["nested"], path)
    torch.load(path, weights_only=False)
    assert marker.exists()


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_plain_pickles_are_refused(tmp_path, protocol):
    marker, path = tmp_path / "ran", tmp_path / "evil.ckpt"
    path.write_bytes(pickle.dumps(Calls(os.system, f"touch {marker}"), protocol=protocol))
    with pytest.raises(SedError, match=r"evil\.ckpt"):
        safe_load(path)
    assert not marker.exists()


@FORMATS
def test_harmless_objects_become_inert(tmp_path, monkeypatch, zipped):
    lightning = types.ModuleType("pytorch_lightning.fake")
    lightning.AttributeDict = type("AttributeDict", (dict,), {"__module__": lightning.__name__})
    lightning.Stopping = type("Stopping", (), {"__module__": lightning.__name__})
    monkeypatch.setitem(sys.modules, lightning.__name__, lightning)
    monkeypatch.setitem(sys.modules, "pytorch_lightning", types.ModuleType("pytorch_lightning"))
    content = {
        "state_dict": {"w": torch.arange(3.0)},
        "score": np.float64(0.5),
        "path": pathlib.PurePosixPath("/exp/last.ckpt"),
        "options": argparse.Namespace(lr=0.001),
        "callbacks": {lightning.Stopping: {"patience": 200}},
        "hyper_parameters": lightning.AttributeDict(net={"dropout": 0.5}),
    }
    path = tmp_path / "honest.ckpt"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    monkeypatch.delitem(sys.modules, lightning.__name__)

    read = safe_load(path)
    assert torch.equal(read["state_dict"]["w"], torch.arange(3.0))
    assert read["hyper_parameters"] == {"net": {"dropout": 0.5}}
    assert list(read["callbacks"].values()) == [{"patience": 200}]
    for key in ("score", "path", "options"):
        assert isinstance(read[key], StandIn)
    assert not hasattr(read["options"], "lr")
    assert lightning.__name__ not in sys.modules


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 broken zip", b"\x80"])
def test_other_files_are_refused_in_one_sentence(tmp_path, content):
    path = tmp_path / "noise.ckpt"
    path.write_bytes(content)
    with pytest.raises(SedError, match=r"noise\.ckpt"):
        safe_load(path)


def test_absent_file(tmp_path):
    with pytest.raises(SedError, match=r"gone\.ckpt does not exist"):
        safe_load(tmp_path / "gone.ckpt")
