import math

import pytest
import torch

from sed_core.training.loss.loss_registry import CONSISTENCY, SUPERVISED
from sed_core.training.losses import BatchLayout, consistency, supervised

LAYOUT = BatchLayout(strong=1, weak=1)


def outputs(value: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Posteriors of three clips, one class, two frames: 0.5 but for the given part."""
    strong, weak = torch.full((3, 1, 2), 0.5), torch.full((3, 1), 0.5)
    strong[0] = value
    weak[1] = value
    return strong, weak


def test_each_loss_sees_its_own_part():
    labels, weak_labels = torch.tensor([[[1.0, 0.0]]]), torch.tensor([[1.0]])
    strong, weak = supervised(outputs(0.8), labels, weak_labels, LAYOUT, loss=SUPERVISED["bce"])
    assert strong.item() == pytest.approx((-math.log(0.8) - math.log(0.2)) / 2)
    assert weak.item() == pytest.approx(-math.log(0.8))


def test_mse_consistency_is_over_all_clips():
    strong, weak = consistency(outputs(0.8), outputs(0.5), distance=CONSISTENCY["mse"])
    assert strong.item() == pytest.approx(0.3**2 / 3)
    assert weak.item() == pytest.approx(0.3**2 / 3)


def test_bce_consistency():
    strong, _ = consistency(outputs(0.8), outputs(0.5), distance=CONSISTENCY["bce"])
    odd = -(math.log(0.8) + math.log(0.2)) / 2
    assert strong.item() == pytest.approx((odd + 2 * math.log(2)) / 3)


@pytest.mark.parametrize("kind", [*CONSISTENCY])
def test_the_teacher_gets_no_gradient(kind):
    student = [t.requires_grad_() for t in outputs(0.8)]
    teacher = [t.requires_grad_() for t in outputs(0.6)]
    sum(consistency(tuple(student), tuple(teacher), distance=CONSISTENCY[kind])).backward()
    assert student[0].grad.abs().sum() > 0
    assert teacher[0].grad is None


def test_asymmetric_focal():
    posteriors, labels = torch.tensor([[0.8, 0.4]]), torch.tensor([[1.0, 0.0]])
    loss = SUPERVISED["asymmetric_focal"]
    expected = -(0.2**2 * math.log(0.8) + 0.4**0.5 * math.log(0.6)) / 2
    assert loss(posteriors, labels, gamma=2.0, zeta=0.5).item() == pytest.approx(expected)
    both = [f(posteriors, labels) for f in (lambda *x: loss(*x, zeta=0.0), SUPERVISED["bce"])]
    assert both[0].item() == pytest.approx(both[1].item())
    certain = torch.tensor([[0.0, 1.0]])
    assert loss(certain, labels, zeta=0.0).item() == 100.0  # as torch's cross entropy: finite


@pytest.mark.parametrize("name", [*SUPERVISED])
def test_each_trains(train, name):
    """A named loss trains, and the weak clips' counts with its weight."""
    history = train(training={"loss": {"name": name}, "weak_loss_weight": 0.5}).history
    for row in history:
        strong, weak = (row[f"train/student/loss_{part}"] for part in ("strong", "weak"))
        assert strong > 0 and weak > 0
        assert row["train/student/tot_supervised"] == pytest.approx(strong + 0.5 * weak)
