"""`snakemake tune_training`: what it plans, and mistakes in its section."""

import pytest
import yaml

from sed_core.config.systems import merge, systems
from sed_core.config.training_search import SearchJob, nested
from sed_core.runtime.errors import SedError
from tests.workflow_runner import ROOT, Clone

KEYS = {"opt.lr": {"low": 1e-4, "high": 1e-2, "log": True}, "net.dropout": {"choices": [0.2, 0.5]}}


@pytest.fixture(scope="module")
def config() -> dict:
    shipped, mini = (
        yaml.safe_load((ROOT / name).read_text()) for name in ("config.yaml", "configs/mini.yaml")
    )
    return merge(shipped, mini)


def asked(config, **changed) -> SearchJob:
    section = {"system": "crnn", "trials": 2, "keys": KEYS} | changed
    return SearchJob.of({**config, "training_search": section}, systems(config))


def test_a_search_plans_what_its_system_trains_on(tmp_path):
    section = {"system": "crnn", "trials": 2, "keys": KEYS}
    clone = Clone.make(tmp_path, ["configs/mini.yaml"], own_code=False)
    clone = clone.override("search.yaml", {"training_search": section})
    rules = clone.planned("--", "tune_training")
    assert rules == {"synthesize", "resample", "ground_truth", "tune_training"}


def test_names_of_keys_become_sections():
    assert nested({"opt.lr": 1, "net.dropout": 2}) == {"opt": {"lr": 1}, "net": {"dropout": 2}}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"system": "crn"}, "training_search.system: .*crnn"),
        ({"keys": {"opt.rate": {"choices": [1]}}}, "keys.opt.rate: .*did you mean|valid keys"),
        ({"keys": {"opt.lr": {"low": -1, "high": 1}}}, "keys.opt.lr: .*lr"),
        ({"keys": {"opt.lr": {"low": 1, "high": 0.1}}}, "low must be below high"),
        ({"keys": {"opt.lr": {"low": 0, "high": 0.1, "log": True}}}, "above 0 where log is true"),
        ({"keys": {"data.weak": {"choices": ["weak"]}}}, "expected a key of feats"),
        ({"keys": {"opt.lr": {"low": 1}}}, "give low and high, or choices"),
    ],
)
def test_a_mistake_is_one_sentence(config, changed, sentence):
    with pytest.raises(SedError, match=sentence):
        asked(config, **changed)


def test_without_a_section_the_sentence_says_where_one_is_shown(config):
    with pytest.raises(SedError, match="docs/add-a-system"):
        SearchJob.of(config, systems(config))
