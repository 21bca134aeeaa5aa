import builtins
from dataclasses import replace

import numpy as np
import pytest

from sed_core.runtime.errors import SedError
from sed_core.scoring.aligned_scores import align
from sed_core.scoring.evaluate import evaluate_scores
from sed_core.scoring.events import make_events
from sed_core.scoring.frames import from_padded
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.psds_check import check_psds
from sed_core.scoring.settings import Settings
from tests.unit.scoring.random_cases import CLASSES, FRAME, random_problem


def aligned_of(problem, eventless="skip"):
    """Scores and truth, with a fourth clip without events and a fourth class without any."""
    truth = problem.truth
    more = GroundTruth(
        [*truth.filenames, "z.wav"],
        np.append(truth.durations, 60.0),
        [*CLASSES, "D"],
        truth.events,
    )
    rng = np.random.default_rng(0)
    strong = np.concatenate([problem.scores, rng.random((1, *problem.scores.shape[1:]))])
    strong = np.concatenate([strong, rng.random((*strong.shape[:2], 1))], axis=2)
    frames = from_padded(
        strong.astype(np.float32),
        filenames=more.filenames,
        classes=more.classes,
        frame_seconds=FRAME,
    )
    return align(frames, more, eventless_clips=eventless)


@pytest.mark.parametrize("eventless", ["skip", "score"])
@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_the_tool_of_the_field_confirms_the_exact_psds(seed, window, eventless):
    settings = Settings(median_window=window, eventless_clips=eventless)
    aligned = aligned_of(random_problem(seed), eventless)
    metrics = evaluate_scores(aligned, settings).metrics
    found = check_psds(aligned, settings, metrics)
    assert found["version"]
    for name in ("psds1", "psds2"):
        assert found[name] == pytest.approx(metrics[name]["exact"]["value"], abs=1e-9)


def test_a_psds_that_the_tool_does_not_confirm_is_an_error():
    aligned = aligned_of(random_problem(1))
    metrics = evaluate_scores(aligned, Settings()).metrics
    metrics["psds2"]["exact"]["value"] += 2e-6
    with pytest.raises(SedError, match=r"psds2 is .* by sed_scores_eval"):
        check_psds(aligned, Settings(), metrics)


def test_touching_events_are_marked_as_unchecked():
    problem = random_problem(1)
    events = make_events([0, 0, 1, 2], [0, 0, 1, 2], [1, 2, 1, 1], [2, 3, 2, 2])
    problem.truth = replace(problem.truth, events=events)
    aligned = aligned_of(problem)
    metrics = evaluate_scores(aligned, Settings()).metrics
    said = check_psds(aligned, Settings(), metrics)["unchecked"]
    assert "events of one class that touch (A in " in said


@pytest.mark.parametrize("fault", ["backslash", "frames"])
def test_what_else_the_tool_does_not_take(fault):
    aligned = aligned_of(random_problem(1))
    if fault == "backslash":
        names = [name.replace("A", "A\\B") for name in aligned.truth.classes]
        aligned = replace(
            aligned,
            truth=replace(aligned.truth, classes=names),
            scores=replace(aligned.scores, classes=names),
        )
    else:
        aligned.scores.n_frames[0] = 0
    said = check_psds(aligned, Settings(), {})["unchecked"]
    assert said.endswith("name (A\\B)." if fault == "backslash" else "frame (0.wav).")


def test_a_failure_of_the_tool_is_not_hidden(monkeypatch):
    def fails(*_, **__):
        raise ValueError("not one of these")

    monkeypatch.setattr("sed_scores_eval.intersection_based.psds", fails)
    with pytest.raises(ValueError, match="not one of these"):
        check_psds(aligned_of(random_problem(1)), Settings(), {})


def test_without_the_package_a_sentence_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.startswith("sed_scores_eval"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    aligned = aligned_of(random_problem(1))
    found = check_psds(aligned, Settings(), {})
    assert "pip install sed_scores_eval" in found["unchecked"]
