from dataclasses import replace

import pytest
import torch

from sed_core.config.system import System
from sed_core.inference.external_checkpoint import completed
from sed_core.models.checkpoint import load_checkpoint, save_checkpoint, save_lightning
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import read_json
from tests.made_data import tiny_system, write_system
from workflow_scripts.take_checkpoint import main

OTHER_NET = {"n_RNN_cell": 16, "nb_filters": [8, 8, 8]}


@pytest.mark.parametrize("save", [save_checkpoint, save_lightning])
def test_architecture_features_and_scaler_are_the_checkpoints(trained, tmp_path, save):
    """Whatever the configuration says: the 2022 recipe took them from its YAML."""
    save(tmp_path / "given.ckpt", trained)
    write_system(tmp_path / "system.json", net=OTHER_NET, feats={"n_mels": 40})
    main(
        [f"--checkpoint={tmp_path / 'given.ckpt'}", f"--system={tmp_path / 'system.json'}",
         f"--model={tmp_path / 'model.pt'}", f"--provenance={tmp_path / 'p.json'}", "--seed=7"]
    )  # fmt: skip
    taken = load_checkpoint(tmp_path / "model.pt")
    system = System.from_dict(taken.system)
    assert (system.net["n_RNN_cell"], system.net["nb_filters"]) == (4, [4, 4, 4])
    assert system.net["attention_axis"] == "time"
    assert (system.feats.n_mels, system.scaler.statistic) == (32, "dataset")
    assert torch.equal(taken.scaler["mean"], trained.scaler["mean"])
    assert all(torch.equal(taken.teacher[key], trained.teacher[key]) for key in taken.teacher)
    provenance = read_json(tmp_path / "p.json")
    assert provenance["checkpoint"]["file"] == "given.ckpt"
    assert provenance["seed"] == 7


def test_the_reference_checkpoint(reference_file):
    """The file that the original trainer wrote becomes a whole system of ours."""
    path = reference_file("golden/reference_crnn.ckpt")
    classes = [f"class{number}" for number in range(10)]
    system = tiny_system()
    system = replace(system, dataset=replace(system.dataset, classes=classes, clip_seconds=10))
    taken = completed(load_checkpoint(path), system, source=str(path))
    found = System.from_dict(taken.system)
    assert found.net["nb_filters"] == [16, 32, 64, 128, 128, 128, 128]
    assert (found.pooling, found.feats.n_window, found.feats.n_mels) == (4, 2048, 128)
    assert found.scaler.statistic == "instance"
    assert sum(p.numel() for p in taken.networks()["student"].parameters()) == 1_112_420


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"classes": ["Cat"]}, "tells 3 classes apart, data set 'desed' has 1"),
        ({"sample_rate": 8000}, "was trained at 16000 Hz, data set 'desed' has 8000 Hz"),
    ],
)
def test_refusals(trained, change, sentence):
    system = tiny_system()
    system = replace(system, dataset=replace(system.dataset, **change))
    public = {"feats": {"sample_rate": 16000}}
    with pytest.raises(SedError, match=sentence):
        completed(replace(trained, system=public), system, source="x.ckpt")
