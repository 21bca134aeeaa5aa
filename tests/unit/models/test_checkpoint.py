import pytest
import torch

from sed_core.models.checkpoint import Checkpoint, architecture, load_checkpoint, save_checkpoint
from sed_core.models.crnn import build_crnn
from sed_core.runtime.errors import SedError
from tests.made_checkpoint import save_lightning

SMALL = {
    "nb_filters": [2, 3, 4],
    "kernel_size": [3, 3, 3],
    "padding": [1, 1, 1],
    "stride": [1, 1, 1],
    "pooling": [[2, 8], [2, 4], [1, 4]],
    "n_RNN_cell": 5,
    "dropout": 0.25,
}
FUSIONS = [
    {},
    {"use_embeddings": True, "embedding_type": "global", "embedding_size": 7},
    {"use_embeddings": True, "embedding_type": "frame", "embedding_size": 6},
    {"attention": False, "rnn_layers": 1},
    {"activation": "cg"},
]


def checkpoint(extra: dict | None = None, n_classes: int = 3) -> Checkpoint:
    net = {**SMALL, **(extra or {})}
    torch.manual_seed(0)
    student, teacher = build_crnn(net, n_classes), build_crnn(net, n_classes)
    system = {"net": net, "scaler": {"statistic": "dataset", "normtype": "standard"}}
    scaler = {"mean": torch.full((1, 1, 1), -3.0), "mean_squared": torch.full((1, 1, 1), 90.0)}
    return Checkpoint(student.state_dict(), teacher.state_dict(), system, scaler)


def same(a: dict, b: dict) -> bool:
    return set(a) == set(b) and all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("save", [save_checkpoint, save_lightning])
@pytest.mark.parametrize("extra", FUSIONS)
def test_round_trip(tmp_path, save, extra):
    ours = checkpoint(extra)
    save(tmp_path / "model.pt", ours)
    read = load_checkpoint(tmp_path / "model.pt")
    assert same(read.student, ours.student)
    assert same(read.teacher, ours.teacher)
    assert same(read.scaler, ours.scaler)
    assert read.system["scaler"] == ours.system["scaler"]
    assert read.net.items() >= {**SMALL, **extra}.items()
    assert read.n_classes == 3
    networks = read.networks()
    assert same(networks["student"].state_dict(), ours.student)
    assert same(networks["teacher"].state_dict(), ours.teacher)
    assert not networks["student"].training


def test_same_content_gives_the_same_bytes(tmp_path):
    save_checkpoint(tmp_path / "a" / "model.pt", checkpoint())
    save_checkpoint(tmp_path / "b" / "model.pt", checkpoint())
    a, b = ((tmp_path / name / "model.pt").read_bytes() for name in "ab")
    assert a == b


def test_tensors_overrule_a_wrong_configuration():
    ours = checkpoint()
    ours.system["net"] = {**SMALL, "nb_filters": [9, 9, 9], "rnn_layers": 7, "made_up_key": 1}
    assert ours.net["nb_filters"] == [2, 3, 4]
    assert ours.net["rnn_layers"] == 2
    assert "made_up_key" not in ours.net
    ours.networks()


def test_networks_of_the_flat_state_dict_alone(tmp_path):
    ours = checkpoint()
    save_lightning(tmp_path / "full.ckpt", ours)
    content = torch.load(tmp_path / "full.ckpt", weights_only=True)
    del content["sed_student"], content["sed_teacher"]
    torch.save(content, tmp_path / "flat.ckpt")
    assert same(load_checkpoint(tmp_path / "flat.ckpt").teacher, ours.teacher)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"format": 99}, "has format 99"),
        (
            {"weights": 1},
            "no checkpoint of this program nor of the DCASE 2022 recipe, and no network of FDY-SED",
        ),
        ([1, 2], "no checkpoint of this program"),
        ({"state_dict": {}}, "no network 'sed_student'"),
    ],
)
def test_other_contents_are_refused(tmp_path, content, message):
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(SedError, match=message):
        load_checkpoint(tmp_path / "model.pt")


def test_another_architecture_is_refused():
    with pytest.raises(SedError, match="does not hold a CRNN"):
        architecture({"fc.weight": torch.ones(2, 2)})
