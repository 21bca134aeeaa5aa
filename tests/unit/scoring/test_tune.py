import json

import numpy as np
import pytest

from sed_core.config.jobs import TuningJob, as_json
from sed_core.runtime.errors import SedError
from sed_core.scoring.aligned_scores import align
from sed_core.scoring.decode import median_filter
from sed_core.scoring.ensemble import mean_scores
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.postprocess import postprocess
from sed_core.scoring.score_file import Posteriors, Scores, read_scores, write_scores
from sed_core.scoring.tune import tune
from tests.unit.scoring.conftest import CLASSES, FILES, TRUTH_ROWS, table
from workflow_scripts.ensemble import main as ensemble
from workflow_scripts.postprocess import main as postprocess_script
from workflow_scripts.tune import main as tune_script

FRAME = 0.064


@pytest.fixture
def scores() -> Scores:
    """Hits with dropouts: Dog flickers, Speech has one true gap (between its two events)."""
    rng = np.random.default_rng(0)
    strong = (rng.random((4, 156, 3)) * 0.2).astype(np.float32)
    for clip, onset, offset, label in TRUTH_ROWS:
        frames = slice(round(onset / FRAME), round(offset / FRAME))
        strong[FILES.index(clip), frames, CLASSES.index(label)] += 0.6
    strong[:, ::9, CLASSES.index("Dog")] = 0
    net = Posteriors(strong, strong.max(1))
    return Scores(FILES, CLASSES, FRAME, np.full(4, 156), {"student": net, "teacher": net})


def parameters(**values) -> dict:
    return {name: [value] * len(CLASSES) for name, value in values.items()}


def test_median_is_that_of_the_decoder_and_the_mask_holds_frames_below_their_clip(scores):
    net = scores.networks["student"]
    free = postprocess(
        net,
        scores.n_frames,
        FRAME,
        method="median",
        parameters=parameters(window=5, weak_mask=False),
    )
    np.testing.assert_array_equal(free, median_filter(net.strong, 5))
    low = Posteriors(net.strong, np.full_like(net.weak, 0.3))
    held = postprocess(
        low,
        scores.n_frames,
        FRAME,
        method="median",
        parameters=parameters(window=5, weak_mask=True),
    )
    np.testing.assert_array_equal(held, np.minimum(free, np.float32(0.3)))


def test_each_class_gets_what_suits_it(scores):
    truth = GroundTruth(FILES, np.full(4, 10.0), CLASSES, table(TRUTH_ROWS))
    grid = {"window": [1, 5], "weak_mask": [False]}
    found = tune(align(scores, truth), "student", method="median", grid=grid)
    windows = dict(zip(found["classes"], found["parameters"]["window"], strict=True))
    assert windows["Dog"] == 5  # mends the dropouts
    assert windows["Cat"] == 1  # both are perfect, so the first
    assert found["reached"]["Dog"] > found["first"]["Dog"]
    assert found["tried"] == 2


def test_a_wrong_parameter_is_named(scores):
    with pytest.raises(SedError, match="sebbs takes filter_seconds, absolute, relative, weak_mask"):
        tune(None, "student", method="sebbs", grid={"window": [1]})
    with pytest.raises(SedError, match="'mean' is not one of median, sebbs"):
        tune(None, "student", method="mean", grid={})


def test_from_files_to_files(scores, tmp_path):
    write_scores(tmp_path / "val.h5", scores)
    rows = ["filename\tonset\toffset\tevent_label", *("\t".join(map(str, r)) for r in TRUTH_ROWS)]
    (tmp_path / "truth.tsv").write_text("\n".join(rows) + "\n")
    durations = "filename\tduration\n" + "".join(f"{name}\t10.0\n" for name in FILES)
    (tmp_path / "durations.tsv").write_text(durations)
    (tmp_path / "provenance.json").write_text('{"seed": 1}')
    grid = {"filter_seconds": [0.32], "absolute": [0.1, 0.3], "relative": [2], "weak_mask": [False]}
    files = {
        "--scores": "val.h5",
        "--truth": "truth.tsv",
        "--durations": "durations.tsv",
        "--provenance": "provenance.json",
        "--output": "choice.json",
        "--provenance-output": "with.json",
    }
    options = [word for key, name in files.items() for word in (key, str(tmp_path / name))]
    job = as_json(TuningJob("val", "sebbs", "psds1", grid, "student", "skip"))
    tune_script([*options, "--job", job])
    with_choice = json.loads((tmp_path / "with.json").read_text())
    assert with_choice["seed"] == 1
    assert with_choice["postprocessing"]["split"] == "val"
    choice, out = str(tmp_path / "choice.json"), str(tmp_path / "boxes.h5")
    postprocess_script(["--scores", str(tmp_path / "val.h5"), "--choice", choice, "--output", out])
    boxes = read_scores(out)
    assert set(boxes.networks) == {"student", "teacher"}
    confidences = np.unique(boxes.networks["teacher"].strong[0, :, CLASSES.index("Speech")])
    assert len(confidences) < 60  # boxes, not frames
    np.testing.assert_array_equal(boxes.networks["student"].weak, scores.networks["student"].weak)


@pytest.mark.parametrize(("eventless", "perfect"), [("skip", True), ("score", False)])
def test_clips_without_events_count_as_in_scoring(scores, tmp_path, eventless, perfect):
    cat, filler = CLASSES.index("Cat"), FILES.index("filler.wav")
    scores.networks["student"].strong[filler, :, cat] = 0.95  # heard where nothing is
    write_scores(tmp_path / "val.h5", scores)
    rows = ["filename\tonset\toffset\tevent_label", *("\t".join(map(str, r)) for r in TRUTH_ROWS)]
    (tmp_path / "truth.tsv").write_text("\n".join(rows) + "\n")
    durations = "filename\tduration\n" + "".join(f"{name}\t10.0\n" for name in FILES)
    (tmp_path / "durations.tsv").write_text(durations)
    (tmp_path / "provenance.json").write_text("{}")
    grid = {"window": [1], "weak_mask": [False]}
    files = ["truth.tsv", "durations.tsv", "provenance.json", "choice.json", "with.json"]
    names = ["truth", "durations", "provenance", "output", "provenance-output"]
    options = [f"--{name}={tmp_path / file}" for name, file in zip(names, files, strict=True)]
    job = as_json(TuningJob("val", "median", "psds1", grid, "student", eventless))
    tune_script([f"--scores={tmp_path}/val.h5", *options, f"--job={job}"])
    reached = json.loads((tmp_path / "choice.json").read_text())["reached"]
    assert (reached["Cat"] == 1) == perfect


def test_an_ensemble_is_the_mean(scores, tmp_path):
    net = scores.networks["student"]
    half = Posteriors(net.strong / 2, net.weak / 2)
    other = Scores(FILES, CLASSES, FRAME, scores.n_frames, {"student": half, "teacher": half})
    paths = [str(tmp_path / name) for name in ("a.h5", "b.h5")]
    for path, part in zip(paths, (scores, other), strict=True):
        write_scores(path, part)
    ensemble([*paths, "--output", str(tmp_path / "c.h5")])
    mean = read_scores(tmp_path / "c.h5").networks["teacher"]
    np.testing.assert_allclose(mean.strong, net.strong * 0.75, rtol=1e-6)
    write_scores(paths[1], scores.select(FILES[:2]))
    with pytest.raises(SedError, match="differ in filenames"):
        mean_scores(paths)
