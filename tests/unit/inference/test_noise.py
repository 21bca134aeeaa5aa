"""False alarms where nothing happens."""

from dataclasses import replace

import pytest
import torch

from sed_core.inference.noise import SIGNALS, false_alarms
from sed_core.inference.predict import Predictor, predict_split
from sed_core.scoring.aggregate import _false_alarms
from sed_core.scoring.score_file import read_false_alarms
from tests.made_data import CLASSES
from tests.unit.inference.test_long_recordings import CPU


@pytest.fixture
def predictor(trained) -> Predictor:
    return Predictor.from_checkpoint(trained, CPU)


def biased(predictor, *values) -> Predictor:
    """Of networks that are sure of their classes, whatever they hear."""
    for network in predictor.networks.values():
        with torch.no_grad():
            network.dense.weight.zero_()
            network.dense.bias.copy_(torch.tensor(values))
    return predictor


def test_a_class_that_is_always_heard(predictor, data, tmp_path):
    found = false_alarms(biased(predictor, -5.0, 5.0, -5.0))
    assert found.keys() == {"student", "teacher"}
    assert found["student"].keys() == SIGNALS.keys()
    for told in found["teacher"].values():  # an event in every clip of a second
        assert told == {"alarms_per_hour": 3600, "active": {CLASSES[1]: 1.0}}
    scores = tmp_path / "scores.h5"
    corpus = data / "audio16k/devtest.h5"
    predict_split(predictor, corpus, scores, name="", false_alarms=found)
    assert read_false_alarms(scores, "student") == found["student"]
    predict_split(predictor, corpus, scores, name="")
    assert read_false_alarms(scores, "student") == {}


def test_nothing_is_heard_where_nothing_is(predictor):
    found = false_alarms(biased(predictor, -5.0, -5.0, -5.0))
    quiet = {"alarms_per_hour": 0, "active": {}}
    assert all(told == quiet for network in found.values() for told in network.values())


def test_a_system_whose_embeddings_cannot_be_made_here_has_none(predictor, tmp_path):
    pretrained = replace(predictor.system.pretrained, model="panns")
    other = replace(predictor, system=replace(predictor.system, pretrained=pretrained))
    assert false_alarms(other, tmp_path / "weights.json") == {}


def test_the_mean_over_seeds():
    one = {"silence": {"alarms_per_hour": 10.0, "active": {"Cat": 0.5}}}
    other = {"silence": {"alarms_per_hour": 20.0, "active": {"Dog": 1.0}}}
    expected = {"alarms_per_hour": 15.0, "active": {"Cat": 0.25, "Dog": 0.5}}
    assert _false_alarms([one, other]) == {"silence": expected}
    assert _false_alarms([one, {}]) == {}
