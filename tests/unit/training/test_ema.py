import pytest
import torch
from torch import nn

from sed_core.training.ema import averaged, update_teacher
from sed_core.training.mean_teacher import MeanTeacher


def test_parameters_are_averaged_in_place():
    student, teacher = nn.Linear(2, 1), nn.Linear(2, 1)
    expected = 0.75 * teacher.weight + 0.25 * student.weight
    before = student.weight.clone()
    update_teacher(averaged(teacher), averaged(student), alpha=0.75)
    assert torch.allclose(teacher.weight, expected)
    assert torch.equal(student.weight, before)


def test_batch_norm_statistics_are_not():
    student, teacher = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    student.running_mean.fill_(5.0)
    update_teacher(averaged(teacher), averaged(student), alpha=0.0)
    assert torch.equal(teacher.running_mean, torch.zeros(3))
    assert len(averaged(teacher)) == 2


def test_the_first_steps_are_a_plain_average():
    """Factors 1/2, 2/3, 3/4 give the mean of the start and of all students so far."""
    teacher = [torch.tensor([1.0])]
    for n, value in enumerate((3.0, 5.0, 7.0), start=1):
        update_teacher(teacher, [torch.tensor([value])], alpha=1 - 1 / (n + 1))
    assert torch.allclose(teacher[0], torch.tensor([(1 + 3 + 5 + 7) / 4]))


@pytest.mark.parametrize(
    ("order", "warmup", "share"),
    [("before", True, 0.0), ("after", True, 0.5), ("after", False, 0.25)],
)
def test_the_first_step(train, monkeypatch, order, warmup, share):
    """Then the teacher is where both began, or half way to the student, or 1 - ema_factor of it."""
    ends = {}

    def keep(module, *_):
        ends.update(student=averaged(module.student), teacher=averaged(module.teacher))

    started = []
    make = MeanTeacher.__init__

    def begin(module, *args, **kwargs):
        make(module, *args, **kwargs)
        started.extend(value.clone() for value in averaged(module.student))

    monkeypatch.setattr(MeanTeacher, "__init__", begin)
    monkeypatch.setattr(MeanTeacher, "on_train_end", keep, raising=False)
    changed = {"ema_update": order, "ema_warmup": warmup, "ema_factor": 0.75}
    train(training={**changed, "n_epochs": 1, "steps_per_epoch": 1})
    assert any(not torch.equal(*pair) for pair in zip(started, ends["student"], strict=True))
    for start, student, teacher in zip(started, ends["student"], ends["teacher"], strict=True):
        assert torch.allclose(teacher, torch.lerp(start, student, share), atol=1e-7)
