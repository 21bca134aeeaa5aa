"""Augmented input of a pretrained network: `pretrained.augment`, mixup with `encoder: true`."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml
from torch.nn.functional import interpolate

from sed_core.config import systems
from sed_core.runtime.errors import SedError
from sed_core.training.augmentation.augmentation_registry import OF_ENCODER
from sed_core.training.augmentation.chain import augmented, augmented_for_encoder
from sed_core.training.augmentation.clip_draws import Clips, Draws, mix_rows
from sed_core.training.augmentation.mixup import draw
from sed_core.training.augmentation.resize_crop import drawn_band, stretched
from sed_core.training.fit import fit
from sed_core.training.losses import BatchLayout
from sed_core.training.mean_teacher import MeanTeacher
from sed_core.training.training_job import TrainingJob
from tests.made_data import ROOT, give_weights, make_data, small_atst, tiny_system

PLACE = {"seed": 5, "step": 1, "batch": 0}
MIX = {"name": "mixup", "probability": 1.0, "unlabelled": True}
APART = {**MIX, "consistency": "interpolated"}
CROP = {"name": "resize_crop", "probability": 1.0}
PRETRAINED = {"model": "atst_strong", "kind": "aligned", "e2e": True, "freezed": False}
HEAD = {"model": "encoder_head", "head": {"name": "mean"}}


def made() -> Clips:
    generator = torch.Generator().manual_seed(0)
    mel, encoder_mel = (torch.rand(7, n, 40, generator=generator) for n in (32, 64))
    labels = (torch.rand(2, 2, 10, generator=generator) > 0.5).float()
    layout = BatchLayout(strong=2, weak=2)
    return Clips(mel, labels, torch.eye(2), layout, pooling=4, encoder_mel=encoder_mel)


def heard(first: list, second: list) -> tuple[Clips, Clips]:
    """Clips after both lists, with ATST-Frame's front end between them."""
    training = {"mixup": None, "augment": first}
    pretrained = {**PRETRAINED, "augment": second}
    system = tiny_system(net=HEAD, pretrained=pretrained, training=training)
    pair = augmented(made(), first, **PLACE)
    return augmented_for_encoder(*pair, small_atst(), system, **PLACE)


def keys(distance: np.ndarray) -> np.ndarray:
    """Keys' cubic kernel with a = -0.75, as torch has it."""
    x = np.abs(distance)
    near = 1.25 * x**3 - 2.25 * x**2 + 1
    far = -0.75 * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


@pytest.mark.parametrize(("height", "start"), [(39, 11), (64, 0), (1, 63), (5, 0)])
def test_a_band_is_stretched_to_all_rows(height, start):
    """By the cubic kernel written out, and by torch's interpolation as ATST-SED calls it."""
    mel = torch.randn(3, 64, 20, generator=torch.Generator().manual_seed(1))
    found = stretched(mel, height=height, start=start)
    places = np.linspace(0, height - 1, 64)[:, None]
    rows = np.floor(places) + np.arange(-1, 3)
    weights = np.zeros((64, height))
    for row in range(64):
        at = rows[row].clip(0, height - 1).astype(int)
        np.add.at(weights[row], at, keys(places[row] - rows[row]))
    expected = weights @ mel[:, start : start + height].double().numpy()
    np.testing.assert_allclose(found.numpy(), expected, atol=3e-5)
    band = mel[:, start : start + height].unsqueeze(1)
    original = interpolate(band, size=(64, 20), mode="bicubic", align_corners=True).squeeze(1)
    assert torch.equal(found, original)


def test_bands_are_drawn_uniformly_and_lie_inside():
    bands = [drawn_band(64, Draws(seed), narrowest=0.6) for seed in range(3000)]
    heights, starts = np.array(bands).T
    assert set(heights) == set(range(38, 64)) and abs(heights.mean() - 50.7) < 0.5
    assert (starts >= 0).all() and (starts + heights <= 64).all()
    assert set(starts[heights == 60]) == set(range(5))
    assert drawn_band(1, Draws(0), narrowest=0.0) == (1, 0)


def test_both_networks_crop_or_neither_each_its_own_band():
    done = []
    for step in range(1, 41):
        place = {**PLACE, "step": step}
        student, teacher = augmented(made(), [{**CROP, "probability": 0.5}], **place)
        changed = [not torch.equal(clips.mel, made().mel) for clips in (student, teacher)]
        assert changed[0] == changed[1]
        assert not changed[0] or not torch.equal(student.mel, teacher.mel)
        assert torch.equal(student.labels, made().labels)
        done.append(changed[0])
    assert 10 < sum(done) < 30


@pytest.mark.parametrize("per_part", [False, True])
def test_a_band_for_each_part_or_for_all(per_part):
    """Clips that are alike stay alike where they share a band."""
    same = replace(made(), mel=made().mel[:1].expand(7, -1, -1))
    student, _ = augmented(same, [{**CROP, "per_part": per_part}], **PLACE)
    for rows in (slice(0, 2), slice(2, 4), slice(4, 7)):
        assert torch.equal(student.mel[rows], student.mel[rows][:1].expand_as(student.mel[rows]))
    assert torch.equal(student.mel[0], student.mel[2]) != per_part


def test_the_encoder_hears_the_mixture_that_the_network_hears():
    student, teacher = augmented(made(), [{**APART, "encoder": True}], **PLACE)
    assert torch.equal(student.encoder_mel, mix_rows(made().encoder_mel, student.mixes))
    assert torch.equal(student.mel, mix_rows(made().mel, student.mixes))
    assert torch.equal(teacher.encoder_mel, made().encoder_mel)
    student, _ = augmented(made(), [APART], **PLACE)
    assert torch.equal(student.encoder_mel, made().encoder_mel)


def test_labels_and_mixes_follow_what_the_encoder_hears():
    scaled = small_atst().scaled(made().encoder_mel)
    student, teacher = heard([], [APART])
    assert torch.equal(student.mel, made().mel)
    assert torch.equal(student.encoder_mel, mix_rows(scaled, student.mixes))
    (_, (rows, mix), _) = student.mixes
    assert torch.equal(student.labels, mix.labels(made().labels, kind="soft"))
    assert rows == slice(0, 2) and not torch.equal(student.labels, made().labels)
    assert torch.equal(teacher.encoder_mel, scaled)
    assert torch.equal(teacher.labels, made().labels)
    same, other = heard([], [MIX])
    assert other is same and torch.equal(same.encoder_mel, student.encoder_mel)


def test_mixtures_of_both_lists_reach_the_loss_in_their_order():
    one, _ = heard([{**APART, "encoder": True}], [])
    both, teacher = heard([{**APART, "encoder": True}], [APART, CROP])
    assert len(one.mixes) == 3 and len(both.mixes) == 6
    assert both.mixes[0][1].coefficient == one.mixes[0][1].coefficient
    assert both.mixes[3][1].coefficient != both.mixes[0][1].coefficient
    once, _ = heard([{**APART, "encoder": True}], [APART])
    assert torch.equal(once.encoder_mel, mix_rows(one.encoder_mel, both.mixes[3:]))
    assert torch.equal(teacher.labels, made().labels)


def test_the_larger_part_first():
    plain, larger = (
        [draw([4], Draws(seed), device=torch.device("cpu"), probability=1, larger_first=first)[0]
         for seed in range(50)] for first in (False, True)
    )  # fmt: skip
    assert any(mix.coefficient < 0.5 for mix in plain)
    for one, other in zip(plain, larger, strict=True):
        assert other.coefficient == max(one.coefficient, 1 - one.coefficient)
        assert torch.equal(one.permutation, other.permutation)


def test_every_augmentation_of_encoders_keeps_shapes():
    for name in OF_ENCODER:
        student, teacher = heard([], [{"name": name, "probability": 1.0}])
        assert student.encoder_mel.shape == teacher.encoder_mel.shape == made().encoder_mel.shape
        assert not torch.equal(student.encoder_mel, teacher.encoder_mel)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = make_data(tmp_path_factory.mktemp("data"))
    give_weights(folder, "atst_strong", "atst_frame", small_atst().state_dict())
    return folder


def train(data, folder, first, second, **changed):
    training = {"n_epochs": 1, "mixup": None, "augment": first}
    system = tiny_system(pretrained={**PRETRAINED, "augment": second, **changed}, training=training)
    job = TrainingJob(system, data, 1, folder)
    return fit(job, log_folder=None, on_save=lambda: None)


def test_networks_get_embeddings_of_what_the_encoder_hears(data, tmp_path, monkeypatch):
    """The student's of mixed clips, the teacher's of its own."""
    told, heard, run, augment = [], [], MeanTeacher.run, MeanTeacher.augmented
    monkeypatch.setattr(
        MeanTeacher, "run", lambda self, *args, **kw: told.append(args[2]) or run(self, *args, **kw)
    )
    monkeypatch.setattr(
        MeanTeacher, "augmented", lambda *args: heard.append(augment(*args)) or heard[-1]
    )
    lists = [{**APART, "encoder": True}], [CROP]
    outcome = train(data, tmp_path, *lists, kind="mean", freezed=True)
    encoder = small_atst()
    for clips, embeddings in zip(heard, zip(told[:6:2], told[1:6:2], strict=True), strict=True):
        for one, found in zip(clips, embeddings, strict=True):
            torch.testing.assert_close(encoder.from_features(one.encoder_mel)["mean"], found)
    assert not torch.allclose(told[0], told[1], atol=1e-3)
    assert outcome.history[-1]["train/student/strong_self_sup_loss"] > 0


def test_it_trains_the_encoder_along_and_again_the_same(data, tmp_path):
    lists = [{**APART, "probability": 0.5, "encoder": True}], [{**CROP, "per_part": True}]
    one, again = (train(data, tmp_path / name, *lists) for name in ("one", "two"))
    other = train(data, tmp_path, [], [])
    for key, value in one.networks.encoder.items():
        assert torch.equal(value, again.networks.encoder[key])
    moved = small_atst().state_dict()
    name = "blocks.1.mlp.fc2.weight"
    assert not torch.equal(one.networks.encoder[name], moved[name])
    assert not torch.equal(one.networks.encoder[name], other.networks.encoder[name])


FAULTS = [
    ({"augment": [{"name": "resize_crp"}]}, {}, r"pretrained\.augment\.0: .*resize_crop"),
    ({"augment": [{**CROP, "narrowest": 2}]}, {}, "narrowest of resize_crop is 2; expected a numb"),
    ({"augment": [{"name": "time_mask"}]}, {}, "time_mask is of linear mel magnitudes; put it"),
    ({"augment": [{"name": "filter_augment"}]}, {}, "filter_augment is of linear mel magnitudes"),
    ({"augment": [{**MIX, "encoder": True}]}, {}, "encoder is an option of training.augment"),
    ({}, {"augment": [CROP]}, r"resize_crop changes .* put it into pretrained\.augment"),
    ({"e2e": False, "freezed": True, "augment": [CROP]}, {}, r"^\S+ systems.tiny: pretrained.augmen"
     "t changes what a pretrained network hears, but none runs inside this system; set"),
    ({"e2e": False, "freezed": True}, {"augment": [{**MIX, "encoder": True}]},
     "mixup with encoder: true changes what a pretrained network hears, but none runs inside"),
    ({}, {"augment": [{**MIX, "encoder": True, "embeddings": True}]}, "not mixed afterwards"),
    ({"model": "panns", "augment": [CROP]}, {},
     "panns has a front end that cannot be augmented .* take one of atst_frame, frame_mn, or"),
]  # fmt: skip


@pytest.mark.parametrize(("pretrained", "training", "sentence"), FAULTS)
def test_what_cannot_be_augmented_is_refused_in_the_plan(pretrained, training, sentence):
    with pytest.raises(SedError, match=sentence):
        tiny_system(pretrained=PRETRAINED | pretrained, training={"mixup": None} | training)


def test_clips_that_are_heard_in_pieces_are_refused_in_the_plan(long_clips):
    said = "'atst_frame' hears clips beyond 10 s in pieces, which cannot be augmented, but data"
    with pytest.raises(SedError, match=said):
        long_clips(pretrained={**PRETRAINED, "augment": [CROP]})
    assert long_clips(pretrained=PRETRAINED)


@pytest.fixture
def long_clips():
    def complete(**overrides):
        config = yaml.safe_load((ROOT / "config.yaml").read_text())
        config["datasets"]["desed"]["clip_seconds"] = 10.5
        return systems.systems(config | {"systems": {"mine": overrides}, "targets": ["mine"]})

    return complete
