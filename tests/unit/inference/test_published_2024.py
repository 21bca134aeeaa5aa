"""A file in the layout of DCASE 2024's checkpoints, with filled weights, as a system's networks."""

from dataclasses import replace

import pytest
import torch
import yaml

from sed_core.config import systems
from sed_core.config.system import System
from sed_core.inference.external_checkpoint import check_agreement, completed
from sed_core.models.checkpoint import Checkpoint, load_checkpoint
from sed_core.models.crnn import build_crnn
from sed_core.runtime.errors import SedError
from tests.made_checkpoint import save_lightning
from tests.parity.fill import fill

NET = {
    "n_RNN_cell": 192,
    "nb_filters": [16, 32, 64, 128, 128, 128, 128],
    "kernel_size": [3] * 7,
    "stride": [1] * 7,
    "padding": [1] * 7,
    "pooling": [[2, 2], [2, 2], *[[1, 2]] * 5],
    "use_embeddings": True,
    "embedding_type": "aligned",
    "embedding_size": 768,
    "shrink_aligned": False,
}


@pytest.fixture
def system(root) -> System:
    """`baseline_2024` of its configuration."""
    files = (root / "config.yaml", root / "configs/dcase2024.yaml")
    base, own = (yaml.safe_load(file.read_text()) for file in files)
    config = systems.merge(base, own)
    complete = systems.systems(config)["baseline_2024"]
    return System.from_dict(systems.trained_part("baseline_2024", complete, config))


@pytest.fixture
def file(tmp_path):
    """Keys and shapes as published, and a configuration that knows neither range nor classes."""
    state = fill(build_crnn(NET, 27), 1).state_dict()
    told = {"feats": {"sample_rate": 16000}, "scaler": {"statistic": "instance"}, "net": NET}
    save_lightning(tmp_path / "2024.ckpt", Checkpoint(state, dict(state), told))
    return tmp_path / "2024.ckpt"


def test_it_becomes_the_systems_networks(system, file):
    given = load_checkpoint(file)
    check_agreement(given, system, source="2024.ckpt")
    taken = completed(given, system, source="2024.ckpt")
    found = System.from_dict(taken.system)
    assert (found.scaler.range, found.net["n_RNN_cell"]) == ([-1, 1], 192)
    network = taken.networks()["student"]
    assert sum(p.numel() for p in network.parameters()) == 1_785_094
    strong, _ = network(torch.zeros(1, 128, 626), torch.zeros(1, 768, 156))
    assert strong.shape == (1, 27, 156)


def test_another_range_or_order_of_classes_is_refused(system, file):
    given = load_checkpoint(file)
    scaled = replace(system, scaler=replace(system.scaler, range=[0, 1]))
    with pytest.raises(SedError, match=r"which is \[-1, 1\] .* has \[0, 1\]; set it to"):
        check_agreement(given, scaled, source="2024.ckpt")
    classes = [*system.dataset.classes[10:], *system.dataset.classes[:10]]
    turned = replace(system, dataset=replace(system.dataset, classes=classes))
    with pytest.raises(SedError, match=r"class 1 of 2024.ckpt is 'Alarm_bell_ringing'"):
        check_agreement(given, turned, source="2024.ckpt")
    fewer = replace(system, dataset=replace(system.dataset, classes=classes[:10]))
    with pytest.raises(SedError, match="tells 27 classes apart"):
        completed(given, fewer, source="2024.ckpt")


def test_any_27_outputs_are_those_of_2024(system, tmp_path):
    """Its search trains with other numbers of cells than 192, too."""
    state = fill(build_crnn(NET | {"n_RNN_cell": 128}, 27), 1).state_dict()
    told = {"scaler": {"statistic": "instance"}, "net": NET | {"n_RNN_cell": 128}}
    given = Checkpoint(state, dict(state), told)
    check_agreement(given, system, source="small.ckpt")
    scaled = replace(system, scaler=replace(system.scaler, range=[0, 1]))
    with pytest.raises(SedError, match=r"which is \[-1, 1\]"):
        check_agreement(given, scaled, source="small.ckpt")


@pytest.mark.parametrize("year", [2022, 2023])
def test_ten_outputs_are_desed_s_in_their_order(root, year):
    config = yaml.safe_load((root / "config.yaml").read_text())
    name = {2022: "crnn", 2023: "beats_2023"}[year]
    complete = systems.systems(config)[name]
    wanted = System.from_dict(systems.trained_part(name, complete, config))
    net = NET | {"n_RNN_cell": 128, "shrink_aligned": True, "use_embeddings": year == 2023}
    state = fill(build_crnn(net, 10), 1).state_dict()
    given = Checkpoint(state, dict(state), {"scaler": {"statistic": "instance"}, "net": net})
    check_agreement(given, wanted, source="x.ckpt")
    dataset = wanted.dataset
    for classes in (dataset.classes[::-1], ["Robin", *dataset.classes[1:]]):
        turned = replace(wanted, dataset=replace(dataset, classes=classes))
        with pytest.raises(SedError, match=r"class 1 of x.ckpt is 'Alarm_bell_ringing', as in all"):
            check_agreement(given, turned, source="x.ckpt")
    others = [f"bird {number}" for number in range(10)]  # of a baseline trained on these
    foreign = replace(wanted, dataset=replace(dataset, classes=others))
    check_agreement(given, foreign, source="x.ckpt")


@pytest.mark.parametrize("kind", ["aligned", "interpolate"])
def test_embeddings_that_are_aligned_otherwise_are_refused(system, file, kind):
    given = load_checkpoint(file)
    given.system["net"]["aggregation_type"] = "pool1d"
    check_agreement(given, system, source="2024.ckpt")
    other = replace(system, pretrained=replace(system.pretrained, kind=kind))
    with pytest.raises(SedError, match=f"aligned by pool1d, but .* is '{kind}'; set it to pool1d"):
        check_agreement(given, other, source="2024.ckpt")
