"""Interpolation consistency: the student hears mixed clips, the teacher each of them alone."""

import pytest
import torch

from sed_core.training.augmentation.chain import augmented
from sed_core.training.augmentation.clip_draws import Clips, mix_rows
from sed_core.training.losses import BatchLayout
from sed_core.training.mean_teacher import SCALARS, MeanTeacher
from tests.made_data import tiny_system

LAYOUT = BatchLayout(strong=2, weak=2)
ENTRY = {"name": "mixup", "probability": 1.0, "unlabelled": True, "consistency": "interpolated"}


def made() -> Clips:
    torch.manual_seed(0)
    labels = (torch.rand(2, 2, 10) > 0.5).float()
    return Clips(torch.rand(7, 32, 40), labels, torch.eye(2), layout=LAYOUT, pooling=4)


def heard(step: int = 1, **options) -> tuple[Clips, Clips]:
    return augmented(made(), [{**ENTRY, **options}], seed=5, step=step, batch=0)


def test_the_teacher_hears_the_clips_as_they_are():
    student, teacher = heard()
    assert torch.equal(teacher.mel, made().mel) and torch.equal(teacher.labels, made().labels)
    assert [rows for rows, _ in student.mixes] == [slice(2, 4), slice(0, 2), slice(4, 7)]
    assert torch.equal(student.mel, mix_rows(made().mel, student.mixes))
    assert not torch.equal(student.mel[4:], made().mel[4:])


def test_without_it_nothing_is_remembered_and_the_unlabelled_stay():
    student, teacher = heard(consistency="same", unlabelled=False)
    assert teacher is student and student.mixes == ()
    assert torch.equal(student.mel[4:], made().mel[4:])


def test_steps_that_do_not_mix_are_plain_mean_teacher():
    student, teacher = heard(probability=0.0)
    assert teacher is student and student.mixes == ()


@pytest.mark.parametrize(("weight", "weak_weight"), [(1.0, 1.0), (0.125, 0.5)])
def test_the_student_is_held_to_the_mixture_of_posteriors(monkeypatch, weight, weak_weight):
    """Where it gives just that there is no consistency loss, and its parts have their weights."""
    monkeypatch.setattr(MeanTeacher, "layout", LAYOUT)
    changed = {"interpolation_weight": weight, "weak_consistency": weak_weight}
    module = MeanTeacher(tiny_system(training=changed), warmup=0, seed=1)
    clips, alone = heard()
    teacher = torch.rand(7, 2, 10), torch.rand(7, 2)
    same = tuple(mix_rows(part, clips.mixes) for part in teacher)
    module.losses(same, teacher, clips, alone, 1)
    told = dict(zip(SCALARS, module.scalars.tolist(), strict=True))
    assert told["train/student/tot_self_loss"] == pytest.approx(0, abs=1e-12)
    off = same[0], (same[1] - 0.1).clamp(0.01, 0.99)
    module.losses(off, teacher, clips, alone, 1)
    told = dict(zip(SCALARS, module.scalars.tolist(), strict=True))
    wanted = 2.0 * weight * weak_weight * told["train/student/weak_self_sup_loss"]
    assert told["train/student/tot_self_loss"] == pytest.approx(wanted, rel=1e-5)


def test_it_trains(train):
    entry = {**ENTRY, "probability": 0.5}
    history = train(training={"mixup": None, "augment": [entry]}).history
    assert history[-1]["train/student/strong_self_sup_loss"] > 0
