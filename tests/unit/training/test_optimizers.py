"""Every optimiser and schedule trains, and the update is that of torch with the same settings."""

import pytest
import torch

from sed_core.training.mean_teacher import MeanTeacher
from sed_core.training.optimizer_registry import OPTIMIZERS
from sed_core.training.schedule.length import Length
from sed_core.training.schedule.schedule_registry import SCHEDULES
from tests.made_data import tiny_system

OF_TORCH = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


@pytest.mark.parametrize("name", [*OPTIMIZERS])
def test_two_updates_are_those_of_torch(name):
    """Of the student's weights, given made-up gradients, at the rates of the schedule."""
    opt = {"optimizer": name, "weight_decay": 0.1, "lr": 0.01, "cnn_lr": 0.002}
    schedule = {"name": "linear_cosine", "warmup_steps": 2}
    module = MeanTeacher(tiny_system(opt={**opt, "schedule": schedule}), warmup=0, seed=1)
    ours = module.configure_optimizers()
    learned = {k: p for k, p in module.student.named_parameters() if p.requires_grad}
    copies = {key: value.detach().clone().requires_grad_() for key, value in learned.items()}
    cnn = [copies[key] for key in copies if key.startswith("cnn.")]
    rest = [copies[key] for key in copies if not key.startswith("cnn.")]
    theirs = OF_TORCH[name]([{"params": cnn}, {"params": rest}], weight_decay=0.1, foreach=False)
    for number, factor in ((2, 0.5), (3, 1.0)):  # the first update of all has no rate
        generator = torch.Generator().manual_seed(number)
        for key, value in learned.items():
            value.grad = torch.empty_like(value).normal_(generator=generator)
            copies[key].grad = value.grad.clone()
        for group in ours.param_groups:
            group["lr"] = module.rate(number) * group["share"]
        for group, rate in zip(theirs.param_groups, (0.002, 0.01), strict=True):
            group["lr"] = factor * rate
        ours.step()
        theirs.step()
    for key, value in learned.items():
        assert torch.allclose(value, copies[key], rtol=1e-5, atol=1e-7), key


def test_weight_decay_of_adamw_alone_shrinks_weights(train):
    """By 1 - rate x decay an update, whatever the gradient's size was: here 0.9 and 0.9."""
    opt = {"optimizer": "adamw", "lr": 1e-6, "weight_decay": 1e5}
    steps = {"n_epochs": 1, "steps_per_epoch": 2, "n_epochs_warmup": 0}
    trained = train(training=steps, opt=opt).networks.student["dense.weight"]
    start = MeanTeacher(tiny_system(), warmup=1, seed=1).student.state_dict()["dense.weight"]
    assert torch.allclose(trained, 0.81 * start, atol=1e-5)


@pytest.mark.parametrize("name", [*SCHEDULES])
def test_each_schedule_trains(train, name):
    """Two epochs of three updates, the first of them the warm-up."""
    options = {"dcase2024": {"anneal_from": 1}, "linear_cosine": {"warmup_steps": 2}}.get(name, {})
    history = train(opt={"schedule": {"name": name, **options}}).history
    length = Length(warmup=3, epoch=3, total=6)
    factors = [SCHEDULES[name](k, length, **options) for k in range(6)]
    expected = [1e-3 * sum(factors[:3]) / 3, 1e-3 * sum(factors[3:]) / 3]
    assert [row["train/lr"] for row in history] == pytest.approx(expected)
