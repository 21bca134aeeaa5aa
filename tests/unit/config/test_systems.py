"""Defaults plus overrides make complete systems."""

from pathlib import Path

import pytest
import yaml

from sed_core.config import systems
from sed_core.config.key import keys_of
from sed_core.config.network_sections import Crnn
from sed_core.config.system import System
from sed_core.models.crnn import KNOWN
from sed_core.runtime.errors import SedError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def text() -> dict:
    return yaml.safe_load((ROOT / "config.yaml").read_text())


def test_merge_goes_into_mappings_and_replaces_the_rest():
    base = {"a": {"x": 1, "y": [1, 2]}, "b": 2}
    merged = systems.merge(base, {"a": {"y": [3]}, "b": {"z": 0}})
    assert merged == {"a": {"x": 1, "y": [3]}, "b": {"z": 0}}
    assert base == {"a": {"x": 1, "y": [1, 2]}, "b": 2}


def test_every_system_becomes_typed(text):
    for name, system in systems.systems(text).items():
        typed = System.from_dict(systems.trained_part(name, system, text))
        assert typed.pooling == 4
        assert len(typed.dataset.classes) == 10


@pytest.mark.parametrize(
    ("change", "trains_anew"),
    [
        ({"scoring": {"median_window": 9}}, False),
        ({"seeds": [1, 2]}, False),
        ({"data": {"min_coverage": 0.5}}, False),
        ({"data": {"eval": None}}, False),
        ({"data": {"test": "strong"}}, False),
        ({"data": {"crop": "start"}}, True),
        ({"data": {"split_seed": 1}}, True),
        ({"opt": {"lr": 0.1}}, True),
    ],
)
def test_only_what_trains_changes_the_hash(text, change, trains_anew):
    def part(change: dict) -> dict:
        system = systems.merge(text["defaults"], change)
        return systems.trained_part("crnn", system, text)

    before, after = part({}), part(change)
    assert (before != after) == trains_anew
    assert (System.from_dict(before).config_hash != System.from_dict(after).config_hash) == (
        trains_anew
    )


def test_a_model_that_knows_its_test_split_is_read(text):
    """As those of 0.1.0 do."""
    part = systems.trained_part("crnn", text["defaults"], text)
    older = {**part, "data": text["defaults"]["data"]}
    assert System.from_dict(older) == System.from_dict(part)


def test_the_keys_of_the_network_are_those_it_takes():
    """`model` chooses it; what follows from the embeddings is no key of users."""
    keys = {one.name for one in keys_of(Crnn)} - {"model"}
    derived = {"use_embeddings", "embedding_type", "embedding_size"}
    assert keys == KNOWN - derived


def test_pretrained_networks_want_their_sampling_rate(text):
    text["datasets"]["desed"]["sample_rate"] = 22050
    text["targets"] = ["crnn"]
    assert "ast_frame" not in systems.systems(text)
    text["targets"] = ["crnn", "ast_frame"]
    with pytest.raises(SedError, match="hear 16000 Hz, but data set 'desed' has sample_rate 22050"):
        systems.systems(text)


def test_a_missing_key_is_named(text):
    del text["defaults"]["training"]["n_epochs"]
    with pytest.raises(SedError, match="'n_epochs' is a required property"):
        systems.systems(text)


def test_another_network_takes_from_the_defaults_what_it_knows(text):
    text["systems"]["mine"] = {"net": {"model": "fdy_crnn", "n_RNN_cell": 256}}
    net = systems.systems(text)["mine"]["net"]
    assert net["nb_filters"] == text["defaults"]["net"]["nb_filters"]
    assert net["n_RNN_cell"] == 256
    assert "kernel_size" not in net
