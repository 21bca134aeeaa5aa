"""What selects the networks: each objective against its definition or sed_scores_eval."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sed_scores_eval import intersection_based
from sed_scores_eval.base_modules.scores import create_score_dataframe

from sed_core.models.checkpoint import load_checkpoint, save_checkpoint
from sed_core.runtime.code_version import code_files
from sed_core.scoring.decode import frame_times
from sed_core.scoring.events import make_events
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.scenarios import SCENARIOS
from sed_core.training.loaders import validation_loader
from sed_core.training.mean_teacher import MeanTeacher
from sed_core.training.selection import exact_psds
from sed_core.training.selection.exact_psds import class_mean, psds_of_both
from sed_core.training.selection.objective import Judged
from sed_core.training.training_data import load_training_data
from sed_core.training.validation import Validation, selection
from sed_core.training.validation_windows import ValidationWindows
from tests.made_data import CLASSES, tiny_system

FRAME = 0.064
DURATIONS = {"short": 3.1, "silent": 10.0, "clip": 10.0, "hour": 900.0}
EVENTS = [
    ("short", 0.5, 2.0, "Cat"),
    ("clip", 1.0, 2.5, "Cat"),
    ("clip", 2.0, 9.0, "Dog"),
    ("hour", 3.0, 4.0, "Cat"),
    ("hour", 12.0, 30.0, "Dog"),
    ("hour", 31.0, 32.0, "Dog"),
]  # none of Frying


@pytest.fixture(scope="module")
def judged() -> Judged:
    """Scores of recordings of all lengths that tell something of the truth, and err."""
    names, generator = [*DURATIONS], np.random.default_rng(3)
    n_frames = np.array([int(seconds / FRAME) for seconds in DURATIONS.values()])
    scores = generator.uniform(0, 0.7, (4, n_frames.max(), 3)).astype(np.float32)
    scores = np.round(0.5 * scores + 0.5 * np.roll(scores, 1, axis=1), 2)  # with ties
    for name, onset, offset, label in EVENTS:
        span = slice(round(onset / FRAME), round(offset / FRAME))
        scores[names.index(name), span, CLASSES.index(label)] += np.float32(0.42)
    scores[3, 47:62, :2] += np.float32([-0.3, 0.5])  # a cat taken for a dog
    columns = zip(*EVENTS, strict=True)
    clips, onsets, offsets, labels = (list(column) for column in columns)
    events = make_events(
        [names.index(name) for name in clips],
        [CLASSES.index(label) for label in labels],
        onsets,
        offsets,
    )
    truth = GroundTruth(names, np.array([*DURATIONS.values()]), CLASSES, events)
    return Judged(scores, n_frames, FRAME, truth)


def library(judged: Judged, names: list[str], **scenario) -> tuple[float, dict[str, float]]:
    scores, truth = {}, {}
    for name in names:
        row = judged.truth.filenames.index(name)
        frames = int(judged.n_frames[row])
        times = frame_times(np.arange(frames + 1), FRAME)
        known = judged.scores[row, :frames, :2]  # the library wants events of every class
        scores[name] = create_score_dataframe(known, times, CLASSES[:2])
        truth[name] = [tuple(rest) for clip, *rest in EVENTS if clip == name]
    durations = {name: DURATIONS[name] for name in names}
    value, per_class, *_ = intersection_based.psds(
        scores, truth, durations, max_efpr=100, num_jobs=1, **scenario
    )
    return value, per_class


ONE = {"dtc_threshold": 0.7, "gtc_threshold": 0.7, "alpha_ct": 0, "alpha_st": 1}
TWO = {"dtc_threshold": 0.1, "gtc_threshold": 0.1, "cttc_threshold": 0.3}
TWO |= {"alpha_ct": 0.5, "alpha_st": 1}


def test_psds_is_that_of_the_library_on_clips_with_events(judged):
    found, heard = psds_of_both(judged), ["short", "clip", "hour"]
    for name, scenario in (("psds1", ONE), ("psds2", TWO)):
        expected, _ = library(judged, heard, **scenario)
        assert 0.05 < expected < 0.95
        assert found[name] == pytest.approx(expected, abs=1e-9), name


def test_class_mean_is_that_of_the_library_on_all_clips(judged):
    _, per_class = library(judged, [*DURATIONS], **ONE)
    expected = np.mean([per_class["Cat"], per_class["Dog"]])
    assert class_mean(judged)["psds1_class_mean"] == pytest.approx(expected, abs=1e-9)
    assert expected != pytest.approx(library(judged, ["short", "clip", "hour"], **ONE)[0])


def test_nothing_to_find(judged):
    empty = make_events([], [], [], [])
    truth = GroundTruth(judged.truth.filenames, judged.truth.durations, CLASSES, empty)
    nothing = Judged(judged.scores, judged.n_frames, FRAME, truth)
    assert psds_of_both(nothing) == {"psds1": 0.0, "psds2": 0.0}
    assert class_mean(nothing) == {"psds1_class_mean": 0.0}


@pytest.mark.parametrize(
    ("objective", "weak", "expected"),
    [
        ("f1", "weak", {"weak/*/macro_F1": 1, "synth/*/intersection_f1_macro": 1}),
        ("psds", "weak", {"synth/*/psds1": 1, "synth/*/psds2": 1}),
        ("psds1_class_mean", None, {"synth/*/psds1_class_mean": 1}),
        ("loss", "weak", {"weak/*/loss_weak": -0.5, "synth/*/loss_strong": -0.5}),
        ("loss", None, {"synth/*/loss_strong": -1}),
    ],
)
@pytest.mark.parametrize("network", ["student", "teacher"])
def test_terms(objective, weak, network, expected):
    training = {"objective": objective, "judged_network": network}
    system = tiny_system(training=training)
    chosen = selection(replace(system, data=replace(system.data, weak=weak)))
    assert chosen == {f"val/{key.replace('*', network)}": expected[key] for key in expected}


def test_the_teacher_with_the_best_psds_is_kept(train, data, tmp_path, monkeypatch):
    """The kept networks, read again, have the value that selected them.

    In four seconds one false alarm is 900 an hour, so here more than 100 may be.
    """
    many = {name: replace(one, max_efpr=5e4) for name, one in SCENARIOS.items()}
    monkeypatch.setattr(exact_psds, "SCENARIOS", many)
    sections = {
        "training": {
            "objective": "psds",
            "judged_network": "teacher",
            "median_window": 3,
            "n_epochs": 4,
            "n_epochs_warmup": 0,
            "steps_per_epoch": 50,
        },
        "opt": {"lr": 0.01},
    }
    outcome = train(**sections)
    sums = [
        row["val/synth/teacher/psds1"] + row["val/synth/teacher/psds2"] for row in outcome.history
    ]
    assert [row["val/obj_metric"] for row in outcome.history] == sums
    assert outcome.selected["objective"] == max(sums) > 0
    assert outcome.selected["epoch"] == sums.index(max(sums))
    assert not any("student/psds" in key for key in outcome.history[0])

    save_checkpoint(tmp_path / "model.pt", outcome.networks)
    kept, system = load_checkpoint(tmp_path / "model.pt"), tiny_system(**sections)
    module = MeanTeacher(system, warmup=0, seed=5).eval()
    module.student.load_state_dict(kept.student)
    module.teacher.load_state_dict(kept.teacher)
    heard = load_training_data(system, data, seed=1, device=torch.device("cpu"))
    share = ValidationWindows.of(heard)
    validation = Validation(heard, share)
    with torch.no_grad():
        for number, batch in enumerate(validation_loader(heard, share)):
            validation.add(module.validation_step(batch, number))
    assert validation.finish()["val/obj_metric"] == pytest.approx(max(sums))


def test_the_smallest_loss_is_the_highest_objective(train):
    outcome = train(training={"objective": "loss", "judged_network": "teacher", "n_epochs": 3})
    losses = [
        (row["val/weak/teacher/loss_weak"] + row["val/synth/teacher/loss_strong"]) / 2
        for row in outcome.history
    ]
    assert [-row["val/obj_metric"] for row in outcome.history] == pytest.approx(losses)
    assert outcome.selected["epoch"] == losses.index(min(losses))


def test_scoring_may_change_without_training_anew():
    files = code_files("workflow_scripts/train.py")
    assert "sed_core/scoring/psds.py" not in files and "sed_core/scoring/psd_curves.py" in files
    baselines = code_files("workflow_scripts/train.py", entries={"f1"})
    assert "sed_core/training/selection/weak_and_event_f1.py" in baselines
    assert "sed_core/scoring/psd_curves.py" not in baselines
