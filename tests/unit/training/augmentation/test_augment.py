"""`training.augment`: what each entry changes, and that draws depend on the place alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sed_core.config import registries
from sed_core.runtime.errors import SedError
from sed_core.training.augmentation.augmentation_registry import SEPARATE, SHARED
from sed_core.training.augmentation.chain import augmented
from sed_core.training.augmentation.clip_draws import Clips, Draws
from sed_core.training.augmentation.frequency_warp import warped
from sed_core.training.augmentation.mixup import Mix, mixed, mixed_rows
from sed_core.training.losses import BatchLayout
from tests.made_data import tiny_system

NAMES = [*SHARED, *SEPARATE]


def made() -> Clips:
    generator = torch.Generator().manual_seed(0)
    mel = torch.rand(6, 32, 40, generator=generator) + 0.1
    labels = (torch.rand(3, 2, 10, generator=generator) > 0.5).float()
    weak_labels = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    return Clips(mel, labels, weak_labels, BatchLayout(strong=3, weak=2), pooling=4)


def both(name: str, step: int = 1, *, rank: int = 0, **options):
    entry = {"name": name, **({"probability": 1.0} if name == "mixup" else {}), **options}
    place = {"seed": 5, "step": step, "batch": 0, "rank": rank}
    return augmented(made(), [entry], **place)


@pytest.mark.parametrize("name", NAMES)
def test_draws_depend_on_seed_step_and_network(name):
    (student, teacher), (again, _), (later, _) = both(name), both(name), both(name, 2)
    assert torch.equal(student.mel, again.mel)
    assert not torch.equal(student.mel, later.mel)
    assert not torch.equal(student.mel, made().mel)
    assert (teacher is student) == (name in SHARED)
    assert torch.equal(teacher.mel, student.mel) == (name in SHARED)
    assert student.mel.shape == made().mel.shape and bool((student.mel >= 0).all())


@pytest.mark.parametrize("name", NAMES)
def test_trains(train, plain, name):
    """As an entry, mixup is what the key `training.mixup` is."""
    outcome = train(name=name, training={"mixup": None, "augment": [{"name": name}]})
    assert (outcome.history == plain[0].history) == (name == "mixup")
    assert outcome.history[-1]["train/student/loss_strong"] > 0


def test_mixup_of_2024():
    """Groups mix among themselves, embeddings with partners of their own, labels follow both."""
    layout = BatchLayout(strong=3, weak=2, groups=(1, 2))
    clips = replace(made(), layout=layout, embeddings=torch.arange(6.0)[:, None])
    assert [(rows.start, rows.stop) for rows in mixed_rows(clips)] == [(3, 5), (1, 3), (0, 1)]
    stay, swap, alone = torch.tensor([0, 1]), torch.tensor([1, 0]), torch.tensor([0])
    mixes = [Mix(0.75, stay), Mix(0.75, swap), Mix(0.75, swap), Mix(0.75, stay)]
    mixes += [Mix(0.75, alone)] * 2
    found = mixed(clips, mixes, labels="soft", weak_labels="hard", embeddings=True)
    assert found.embeddings[:, 0].tolist() == [0.0, 1.0, 2.0, 3.25, 3.75, 5.0]
    assert torch.allclose(found.mel[[0, 3, 4, 5]], clips.mel[[0, 3, 4, 5]])
    assert torch.allclose(found.mel[1], 0.75 * clips.mel[1] + 0.25 * clips.mel[2])
    assert torch.allclose(found.labels[1], 0.75 * clips.labels[1] + 0.25 * clips.labels[2])
    assert torch.equal(found.labels[0], clips.labels[0])
    assert bool((found.weak_labels == 1).all()), "the union, of the embeddings' partners"


def test_an_empty_list_changes_nothing():
    clips = made()
    student, teacher = augmented(clips, [], seed=1, step=1, batch=0)
    assert student is clips and teacher is clips


def test_labels_move_with_what_is_heard_after_a_separate_entry():
    """Networks that hear different clips still share what changes their labels."""
    chain = [{"name": "filter_augment"}, {"name": "time_mask"}]
    student, teacher = augmented(made(), chain, seed=5, step=1, batch=0)
    assert torch.equal(student.labels, teacher.labels)
    assert not torch.equal(student.labels, made().labels)
    assert torch.equal(student.mel == 0, teacher.mel == 0)
    assert not torch.equal(student.mel, teacher.mel)


def test_processes_share_what_the_batch_has_in_common():
    one, other = (Draws(7, rank) for rank in (0, 1))
    assert one.shared.random() == other.shared.random() and one.own.random() != other.own.random()


def test_frequency_warp():
    """A stretch by 2 puts band 3 at 6; a compression leaves silence above; 1 changes nothing."""
    mel = torch.zeros(3, 8, 1)
    mel[:, 3] = 1.0
    stretched, squeezed, same = warped(mel, np.array([2.0, 0.5, 1.0]))[..., 0]
    assert stretched.tolist() == [0, 0, 0, 0, 0, 0.5, 1, 0.5]
    assert squeezed.tolist() == [0] * 8  # at 1.5, between two bands that it does not reach
    assert torch.equal(same, mel[0, :, 0])


FAULTS = [
    ({"name": "frame_shfit"}, r"augment\.0: .*frame_shfit.*frame_shift"),
    ({"name": "frame_shift", "sd": 3}, "frame_shift has no option 'sd'; it has deviation"),
    ({"name": "frame_shift", "deviation": -1}, "deviation of frame_shift is -1; expected a number"),
    ({"name": "filter_augment", "shape": "round"}, "expected one of step, linear"),
    ({"name": "filter_augment", "bands": [4, 2]}, r"\[4, 2\]; expected \[lowest, highest\]"),
    ({"name": "spec_augment", "band_masks": 1.5}, "expected a whole number from 0 on"),
    ({"name": "mixup"}, "training.mixup mixes, too; set training.mixup to null"),
]


@pytest.mark.parametrize(("entry", "sentence"), FAULTS)
def test_entries_that_do_not_fit_are_refused(entry, sentence):
    with pytest.raises(SedError, match=sentence):
        tiny_system(training={"augment": [entry]})


def test_an_option_of_a_type_that_no_configuration_can_give_is_told(monkeypatch):
    takes = {"path": registries.Parameter("str", required=True)}
    monkeypatch.setattr(registries, "parameters", lambda file, name: takes)
    with pytest.raises(SedError, match=r"has options of type str, which cannot be given here; let"):
        tiny_system(training={"augment": [{"name": "frame_shift", "path": "x"}]})


def test_a_mixup_that_the_teacher_hears_comes_first():
    """Mixed posteriors of clips are those of mixed clips only where nothing follows."""
    same, other = {"name": "mixup"}, {"name": "mixup", "consistency": "interpolated"}
    with pytest.raises(
        SedError, match=r"after a mixup that it does not hear.*put the former first"
    ):
        tiny_system(training={"mixup": None, "augment": [other, same]})
    tiny_system(training={"mixup": None, "augment": [same, other]})


def test_what_moves_sounds_does_not_go_with_embeddings():
    pretrained = {"model": "panns", "kind": "aligned"}
    with pytest.raises(SedError, match="but not the embeddings of 'panns'; take it out"):
        tiny_system(pretrained=pretrained, training={"augment": [{"name": "frame_shift"}]})
