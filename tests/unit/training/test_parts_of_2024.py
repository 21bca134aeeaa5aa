"""Parts of the strong share, and classes that a split's labels tell nothing of."""

from dataclasses import replace

import pytest
import torch

from sed_core.config.split_roles import annotated
from sed_core.training.fit import fit
from sed_core.training.losses import BatchLayout
from sed_core.training.mean_teacher import MeanTeacher
from sed_core.training.training_data import load_training_data
from sed_core.training.training_job import TrainingJob
from tests.made_data import CLASSES, tiny_system

PARTS = [
    {"splits": ["strong"], "clips": 1, "consistency": False},
    {"splits": ["synth"], "clips": 2},
    {"splits": ["synth"], "clips": 1},
]
OTHERS = ("synth", "weak", "unlabelled", "synth_val")
TOLD = {"strong": CLASSES[1:], **dict.fromkeys(OTHERS, CLASSES[:2])}


def partial():
    """Of `strong` the first class is unknown, of all others the last."""
    system = tiny_system(
        data={"strong": ["synth", "strong"]},
        net={"dropstep": 4},
        scaler={"range": [-1, 1]},
        training={
            "batch_size": [4, 2, 2],
            "n_epochs": 3,
            "mixup": None,
            "augment": [{"name": "mixup", "weak_labels": "hard"}],
            "median_window": [1, 3, 5],
        },
        opt={"schedule": {"name": "dcase2024", "anneal_from": 2}},
    )
    training = replace(system.training, strong_parts=PARTS)
    return replace(system, training=training, data=replace(system.data, annotated=TOLD))


def test_layout_of_parts():
    assert BatchLayout.of(partial()) == BatchLayout(4, 2, groups=(1, 3), apart=1)
    assert BatchLayout.of(tiny_system()) == BatchLayout(2, 2)


def test_classes_of_splits():
    data = {"strong": ["a"], "weak": "b", "unlabelled": None, "validation": "c"}
    splits: dict = {"a": {"classes": ["Dog", "Cat"]}, "b": {}, "c": {}}
    assert annotated(data, splits, CLASSES) == {"a": CLASSES[:2], "b": CLASSES, "c": CLASSES}
    assert annotated(data, splits | {"a": {}}, CLASSES) == {}


def test_trains(data, tmp_path):
    """Nothing is learned of an unknown class, and the rate falls in the last epoch."""
    job = TrainingJob(partial(), data, 1, tmp_path)
    history = fit(job, log_folder=None, on_save=lambda: None).history
    rates = [row["train/lr"] for row in history]
    assert rates[2] < rates[1] == pytest.approx(1e-3)
    loaded = load_training_data(job.system, data, seed=1, device=torch.device("cpu"))
    assert loaded.annotated is not None
    parts = [set(loaded.splits[part]) for part in loaded.strong_parts]
    assert parts == [{"strong"}, {"synth"}, {"synth"}]
    assert loaded.annotated[loaded.strong_parts[0]].tolist() == [[False, True, True]] * 5


def test_events_that_a_split_does_not_tell_of_select_no_clip(data):
    """MAESTRO's clips are judged by eleven classes, if they have an event of these."""
    whole, (first, *_) = partial(), CLASSES
    told = {**dict.fromkeys(TOLD, CLASSES), "synth_val": [first]}
    one = replace(whole, data=replace(whole.data, annotated=told, validation_soft="synth_val"))
    cpu = torch.device("cpu")
    of_one, of_all = (
        load_training_data(system, data, seed=1, device=cpu) for system in (one, whole)
    )
    clips = of_all.events[of_all.events["event_label"] == first]["clip"]
    expected = sorted(set(clips) & set(of_all.val_strong))
    assert of_one.val_soft.tolist() == expected and len(expected) < len(of_all.val_strong)
    judged = of_one.events[of_one.events["clip"].isin(of_one.val_soft)]
    assert set(judged["event_label"]) == {first}


def test_no_gradient_of_unknown_classes():
    network = MeanTeacher(partial(), warmup=1, seed=1).student
    told = torch.tensor([[True, True, False]]).expand(2, 3)
    strong, weak = network(torch.rand(2, 32, 32), class_mask=told)
    assert not strong[:, 2].any() and not weak[:, 2].any()
    (strong.sum() + weak.sum()).backward()
    for layer in (network.dense, network.dense_softmax):
        assert not layer.weight.grad[2].any() and layer.weight.grad[:2].any()
