"""A pretrained network of the teacher's own (`pretrained.own_teacher`), from training to export."""

import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from sed_core.detection.export import export_system
from sed_core.detection.package import session
from sed_core.inference.predict import Predictor
from sed_core.inference.recordings import load_predictor, scores_of
from sed_core.models.checkpoint import load_checkpoint, save_checkpoint
from sed_core.models.end_to_end import EndToEnd
from sed_core.runtime.errors import SedError
from sed_core.training import mean_teacher
from sed_core.training.fit import fit
from sed_core.training.initial_weights import starting_point
from sed_core.training.mean_teacher import MeanTeacher
from sed_core.training.training_job import TrainingJob
from tests.made_checkpoint import save_lightning
from tests.made_data import give_weights, make_data, small_atst, tiny_system
from tests.unit.training.test_resume import Command, interrupt

CPU = torch.device("cpu")
PRETRAINED = {
    "model": "atst_strong", "kind": "pool1d", "e2e": True, "freezed": False, "own_teacher": True,
    "augment": [{"name": "resize_crop"}],
}  # fmt: skip
MIXUP = {"name": "mixup", "encoder": True, "unlabelled": True, "consistency": "interpolated"}
TRAINING = {"mixup": None, "augment": [MIXUP]}
SOUND = 0.1 * torch.randn(3, 16000, generator=torch.Generator().manual_seed(2))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = make_data(tmp_path_factory.mktemp("data"))
    give_weights(folder, "atst_strong", "atst_frame", small_atst().state_dict())
    return folder


def system(*, training=None, **pretrained):
    return tiny_system(
        pretrained=PRETRAINED | pretrained,
        net={"shrink_aligned": False, "dropout": 0.0},
        training=TRAINING | (training or {}),
        opt={"lr": 0.01},
    )


def train(data, folder, **changed):
    job = TrainingJob(system(**changed), data, 1, folder)
    return fit(job, log_folder=None, on_save=lambda: None)


@pytest.fixture(scope="module")
def networks(data, tmp_path_factory):
    return train(data, tmp_path_factory.mktemp("own")).networks


def module(**changed):
    built = system(**changed)
    return MeanTeacher(built, warmup=1, seed=1, pretrained=EndToEnd(small_atst(), built))


@pytest.mark.parametrize("augment", [True, False])
def test_the_teachers_network_is_the_average_of_the_students(data, tmp_path, monkeypatch, augment):
    """As it was before each update, with weights 1 - 1 / (n + 1) of 2022's first steps."""
    alphas, students, update = [], [], mean_teacher.update_teacher

    def noted(teacher, student, *, alpha):
        if len(students) == len(alphas):
            alphas.append(alpha)
        else:  # the second of a step
            students.append([one.clone() for one in student])
        update(teacher, student, alpha=alpha)

    monkeypatch.setattr(mean_teacher, "update_teacher", noted)
    lists = {} if augment else {"augment": [], "training": {"augment": [], "mixup": "soft"}}
    outcome = train(data, tmp_path, **{"training": {"n_epochs": 1}, **lists})
    names = [name for name, _ in small_atst().named_parameters()]
    expected = [p.detach().double() for p in small_atst().parameters()]
    for number, student in enumerate(students[:3], 1):
        alpha = alphas[number - 1]
        assert alpha == pytest.approx(1 - 1 / (number + 1))
        expected = [
            alpha * old + (1 - alpha) * new.double()
            for old, new in zip(expected, student, strict=True)
        ]
    if not augment:
        assert len(students) == 6  # of two epochs
        return
    assert len(students) == 3
    for name, value in zip(names, expected, strict=True):
        found = outcome.networks.teacher_encoder[name].double()
        torch.testing.assert_close(found, value, atol=1e-6, rtol=1e-5)
    fast = "blocks.1.mlp.fc2.weight"
    assert not torch.equal(outcome.networks.teacher_encoder[fast], outcome.networks.encoder[fast])


def test_each_network_gets_embeddings_of_its_own(monkeypatch):
    """Of the teacher's no gradient is asked; a step of mixup mixes both alike."""
    built = module(augment=[], training={"augment": [], "mixup": None})
    with torch.no_grad():
        for parameter in built.teacher_pretrained.parameters():
            parameter.mul_(0.5)
    student, teacher = built.embeddings({"waveforms": SOUND})
    assert student.requires_grad and not teacher.requires_grad
    assert not torch.allclose(student, teacher, atol=1e-3)
    inside = built.teacher_pretrained.eval()
    with torch.inference_mode():
        assert torch.equal(inside(SOUND), teacher)
    monkeypatch.setattr(MeanTeacher, "layout", mean_teacher.BatchLayout(strong=2, weak=1))
    batch = {
        "waveforms": SOUND, "labels": torch.zeros(2, 3, 15), "weak_labels": torch.zeros(1, 3),
    }  # fmt: skip
    entry = {"name": "mixup", "probability": 1.0, "embeddings": True}
    built.system = replace(built.system, training=replace(built.system.training, augment=[entry]))
    heard, other = built.augmented(batch, (student, 2 * student.detach()), 1, 0)
    assert torch.equal(heard.mel, other.mel) and not torch.equal(heard.embeddings, student)
    assert torch.equal(other.embeddings, 2 * heard.embeddings)


def test_kinds_of_teachers_agree_before_they_learn(data):
    """A copy that has learned nothing tells the teacher the same as the student's."""
    own, shared = module(), module(own_teacher=False)
    for one in (own, shared):
        one.eval()
    with torch.inference_mode():
        found = [one.validation_step({"waveforms": SOUND}, 0) for one in (own, shared)]
    for network in ("student", "teacher"):
        assert torch.equal(found[0][network][0], found[1][network][0])
    assert shared.teacher_pretrained is None and set(own.encoders) == {"encoder", "teacher_encoder"}
    learned = {id(p) for group in own.configure_optimizers().param_groups for p in group["params"]}
    assert not learned & {id(p) for p in own.teacher_pretrained.parameters()}


def test_interrupted_equals_undisturbed(data, tmp_path):
    sections = {
        "pretrained": PRETRAINED,
        "net": {"shrink_aligned": False},
        "training": TRAINING | {"n_epochs": 2, "steps_per_epoch": 15},
    }
    one, two = (Command(tmp_path / name, data, **sections) for name in ("one", "two"))
    assert interrupt(two, signal.SIGTERM) == 1
    for command in (one, two):
        process = command.start()
        process.join()
        assert process.exitcode == 0, command.errors()
    assert one.results() == two.results()
    assert load_checkpoint(two.folder / "model.pt").teacher_encoder


def test_a_file_predicts_with_the_network_of_each(networks, tmp_path):
    save_checkpoint(tmp_path / "model.pt", networks)
    predictor = load_predictor(tmp_path / "model.pt", CPU)
    found = predictor(SOUND)
    for name, encoder in (("student", networks.encoder), ("teacher", networks.teacher_encoder)):
        alone = replace(networks, encoder=encoder, teacher_encoder=encoder)
        strong, weak = Predictor.from_checkpoint(alone, CPU)(SOUND)[name]
        assert np.array_equal(found[name][0], strong) and np.array_equal(found[name][1], weak)
        only = scores_of(predictor, name)(SOUND.numpy())
        assert np.array_equal(only[0], strong)
    swapped = replace(networks, teacher_encoder=networks.encoder)
    other = Predictor.from_checkpoint(swapped, CPU)(SOUND)["teacher"][0]
    assert np.abs(other - found["teacher"][0]).max() > 1e-4
    save_checkpoint(tmp_path / "lacking.pt", replace(networks, teacher_encoder={}))
    with pytest.raises(SedError, match=r"lacking\.pt lacks the pretrained network of its teacher"):
        load_predictor(tmp_path / "lacking.pt", CPU)


@pytest.mark.parametrize("name", ["student", "teacher"])
def test_exports(networks, tmp_path, name):
    predictor = Predictor.from_checkpoint(networks, CPU)
    export_system(predictor, name, tmp_path / "model.onnx")
    strong, _ = session(tmp_path / "model.onnx").run(None, {"waveform": SOUND.numpy()})
    assert np.abs(strong - predictor(SOUND)[name][0]).max() < 1e-4


@pytest.mark.parametrize("layout", [save_checkpoint, save_lightning])
def test_another_training_starts_from_both(networks, tmp_path, layout):
    layout(tmp_path / "given.pt", networks)
    built = module()
    assert starting_point(built, tmp_path / "none", tmp_path / "given.pt") is None
    for name, network in built.encoders.items():
        given = networks.encoder if name == "encoder" else networks.teacher_encoder
        assert all(torch.equal(value, given[key]) for key, value in network.state_dict().items())
    with pytest.raises(SedError, match=r"the teacher in .*given\.pt has a pretrained network of"):
        starting_point(module(own_teacher=False), tmp_path / "none", tmp_path / "given.pt")


def test_a_shared_network_is_a_start_for_two(networks, tmp_path):
    save_checkpoint(tmp_path / "given.pt", replace(networks, teacher_encoder={}))
    built = module()
    starting_point(built, tmp_path / "none", tmp_path / "given.pt")
    for network in built.encoders.values():
        for key, value in network.state_dict().items():
            assert torch.equal(value, networks.encoder[key])


@pytest.mark.parametrize("changed", [{"freezed": True}, {"e2e": False, "freezed": True}])
def test_only_a_network_that_is_trained_along_has_a_teacher(changed):
    with pytest.raises(SedError, match="own_teacher is of a network that is trained along; set"):
        tiny_system(pretrained={**PRETRAINED, "augment": [], **changed})
