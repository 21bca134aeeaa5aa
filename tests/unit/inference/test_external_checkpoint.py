from dataclasses import asdict, replace

import pytest
import torch

from sed_core.config.system import System
from sed_core.data.published_names import DESED_CLASSES as CLASSES_OF_FDY
from sed_core.inference.external_checkpoint import check_agreement, completed
from sed_core.inference.predict import Predictor
from sed_core.inference.recordings import load_predictor
from sed_core.models.checkpoint import load_checkpoint, save_checkpoint
from sed_core.models.fdy_state import POOLING
from sed_core.models.network_registry import build
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import read_json, write_json
from tests.made_checkpoint import save_lightning
from tests.made_data import CLASSES, tiny_system, write_system
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
        ({"classes": ["Cat", "Frying", "Dog"]}, "class 2 of x.ckpt is 'Dog', that of data set"),
        ({"sample_rate": 8000}, "was trained at 16000 Hz, data set 'desed' has 8000 Hz"),
    ],
)
def test_refusals(trained, change, sentence):
    system = tiny_system()
    system = replace(system, dataset=replace(system.dataset, **change))
    public = {"feats": {"sample_rate": 16000}, "dataset": {"classes": CLASSES}}
    with pytest.raises(SedError, match=sentence):
        completed(replace(trained, system=public), system, source="x.ckpt")


WINDOWS = [5, 11, 5, 5, 5, 67, 61, 49, 5, 17]  # of the published decoding
FDY = {
    "feats": {"n_window": 2048, "n_mels": 128, "peak_level": True},
    "scaler": {"dims": [0, 2]},
    "net": {"model": "fdy_crnn", "nb_filters": [2] * 7, "pooling": POOLING, "n_RNN_cell": 3},
}


@pytest.fixture
def fdy(tmp_path):
    """The tensors of one network, as FDY-SED writes them, and where they lie."""
    state = build(FDY["net"], len(CLASSES_OF_FDY)).state_dict()
    torch.save(state, tmp_path / "best_student.pt")
    return state, tmp_path / "best_student.pt"


def of_desed(**overrides) -> System:
    system = tiny_system(**(FDY | overrides))
    classes = list(CLASSES_OF_FDY)
    return replace(system, dataset=replace(system.dataset, classes=classes, clip_seconds=10))


def test_a_network_of_fdy_sed_is_student_and_teacher(fdy, tmp_path):
    """Here and in `sedlab predict`, with its own features and scaler."""
    state, path = fdy
    write_json(tmp_path / "system.json", asdict(of_desed()), decimals=12)
    main(
        [f"--checkpoint={path}", f"--system={tmp_path / 'system.json'}",
         f"--model={tmp_path / 'model.pt'}", f"--provenance={tmp_path / 'p.json'}", "--seed=7"]
    )  # fmt: skip
    for predictor in (
        Predictor.from_checkpoint(load_checkpoint(tmp_path / "model.pt"), torch.device("cpu")),
        load_predictor(path, torch.device("cpu")),
    ):
        system = predictor.system
        assert (system.scaler.dims, system.feats.peak_level) == ([0, 2], True)
        assert (system.training.median_window, system.training.weak_mask) == (WINDOWS, True)
        assert (system.net["nb_filters"], system.net["n_RNN_cell"]) == ([2] * 7, 3)
        for network in predictor.networks.values():
            assert all(torch.equal(network.state_dict()[key], state[key]) for key in state)
        found = predictor(torch.rand(2, 160000))
        assert found["student"][0].shape == (2, 156, 10)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            {"scaler": {"dims": [1, 2]}},
            r"scaler.dims: \[0, 2\], but system 'tiny' has \[1, 2\]",
        ),
        ({"feats": {"n_window": 2048, "n_mels": 128}}, "feats.peak_level: true, but system 'tiny'"),
    ],
)
def test_input_that_is_made_otherwise_is_refused(fdy, overrides, sentence):
    with pytest.raises(SedError, match=sentence):
        check_agreement(load_checkpoint(fdy[1]), of_desed(**overrides), source="x.pt")


def test_networks_of_fdy_sed_that_are_none(fdy, tmp_path):
    state, path = fdy
    system = of_desed()
    turned = replace(system.dataset, classes=system.dataset.classes[::-1])
    with pytest.raises(SedError, match=r"class 1 of x\.pt is 'Alarm_bell_ringing', that of"):
        completed(load_checkpoint(path), replace(system, dataset=turned), source="x.pt")
    del state["cnn.cnn.conv6.weight"]
    torch.save(state, tmp_path / "part.pt")
    with pytest.raises(SedError, match=r"part\.pt does not hold an FDY-CRNN of 7 blocks"):
        load_checkpoint(tmp_path / "part.pt")
