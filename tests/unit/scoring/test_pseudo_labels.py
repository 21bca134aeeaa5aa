"""Scores of several networks become labels that train, frame by frame the same."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from sed_core.data.labels import FrameGrid, LabelEncoder
from sed_core.runtime.errors import SedError
from sed_core.scoring.ensemble import mean_frames, mean_scores
from sed_core.scoring.pseudo_labels import soft_targets, write_pseudo_labels
from sed_core.scoring.score_file import Posteriors, Scores, write_scores
from workflow_scripts import pseudo_labels

CLASSES = ["Cat", "Dog", "Speech"]
GRID = FrameGrid(sample_rate=16000, hop_length=256, pooling=4, clip_seconds=10)


def scores(seed: int, n_clips: int = 5, quiet: int = 2) -> Scores:
    """Posteriors that change every few frames; clip number `quiet` is without sound."""
    rng = np.random.default_rng(seed)
    n_frames = np.full(n_clips, GRID.n_frames, np.int32)
    n_frames[-1] = 31
    strong = rng.random((n_clips, 40, len(CLASSES))).repeat(4, axis=1)[:, : GRID.n_frames]
    strong[quiet] = 0.01
    strong[-1, 31:] = 0
    nets = {
        name: Posteriors(np.float32(strong * part), np.float32(strong.max(1)))
        for name, part in (("student", 0.5), ("teacher", 1.0))
    }
    names = [f"{number}.wav" for number in range(n_clips)]
    return Scores(names, CLASSES, GRID.frame_seconds, n_frames, nets)


@pytest.fixture
def files(tmp_path):
    made = [tmp_path / name / "seed1" / "unlabelled_scores.h5" for name in ("one", "two")]
    for seed, path in enumerate(made):
        path.parent.mkdir(parents=True)
        write_scores(path, scores(seed))
        (path.parent / "provenance.json").write_text(json.dumps({"seed": seed, "code": {}}))
    return made


def test_sharpening_multiplies_the_logit():
    posteriors = np.random.default_rng(0).random(1000)
    for factor in (0.5, 1, 3):
        expected = expit(factor * logit(posteriors))
        found = soft_targets(posteriors, sharpen=factor, floor=0)
        np.testing.assert_allclose(found, expected, atol=0.025 + 1e-9)
        assert np.array_equal(np.unique(found), np.unique(found.round(2))), "in steps of 0.05"
    ends = soft_targets(np.array([0.0, 0.5, 1.0]), sharpen=100, floor=0)
    assert ends.tolist() == [0, 0.5, 1]


def test_faint_labels_are_dropped():
    labels = soft_targets(np.array([0.29, 0.3, 0.9]), sharpen=1, floor=0.3)
    assert labels.tolist() == [0, pytest.approx(0.3), pytest.approx(0.9)]


def test_frames_train_with_exactly_the_mean_of_the_teachers(files, tmp_path):
    """Through the table and back onto the grid, as training reads it: no frame is moved."""
    counts = write_pseudo_labels(files, tmp_path / "labels.tsv", sharpen=2, floor=0.4)
    table = pd.read_csv(tmp_path / "labels.tsv", sep="\t")
    both = [scores(seed) for seed in (0, 1)]
    mean = np.mean([one.networks["teacher"].strong for one in both], axis=0, dtype=np.float64)
    expected = soft_targets(mean, sharpen=2, floor=0.4).transpose(0, 2, 1)
    found = LabelEncoder(CLASSES, GRID).encode_split(table, both[0].filenames)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert 0 < (expected > 0).mean() < 1
    assert "2.wav" not in set(table["filename"]), "nobody hears anything there"
    assert counts == {"clips": 5, "labelled": 4, "rows": len(table)}
    assert len(table) < (expected > 0).sum(), "equal frames are one row"


def test_blocks_give_what_all_at_once_gives(files, monkeypatch):
    monkeypatch.setattr("sed_core.scoring.ensemble._BLOCK", 1000)
    whole = mean_scores(files).networks["student"].strong
    parts = [(rows, mean) for _, rows, mean in mean_frames(files, "student")]
    assert len(parts) > 2
    for rows, mean in parts:
        np.testing.assert_allclose(mean, whole[rows, : mean.shape[1]], atol=1e-7)


def test_the_command_says_who_labelled(files, tmp_path):
    labels, provenance = tmp_path / "labels.tsv", tmp_path / "labels.json"
    made_by = [str(path.with_name("provenance.json")) for path in files]
    options = ["--sharpen", "1", "--floor", "0.1", "--made-by", *made_by]
    outputs = ["--labels", str(labels), "--provenance", str(provenance)]
    pseudo_labels.main([*map(str, files), *options, *outputs])
    told = json.loads(provenance.read_text())
    assert (told["sharpen"], told["floor"], told["network"]) == (1, 0.1, "teacher")
    assert set(told["scores"]) == {f"{name}/seed1/unlabelled_scores.h5" for name in ("one", "two")}
    assert told["networks"]["members"]["two/seed1"] == {"seed": 1}
    assert (told["clips"], told["rows"]) == (5, len(labels.read_text().splitlines()) - 1)


def changed(files, **changes) -> None:
    write_scores(files[1], Scores(**{**vars(scores(1)), **changes}))


def test_what_does_not_fit_leaves_no_file(files, tmp_path):
    output = tmp_path / "labels.tsv"

    def refused(sentence: str, floor: float = 0.1) -> None:
        with pytest.raises(SedError, match=sentence):
            write_pseudo_labels(files, output, sharpen=1, floor=floor)
        assert not list(tmp_path.glob("labels*"))

    refused("no label of 5 clips reaches 1; lower data.pseudo_floor", floor=1)
    changed(files, classes=["Cat", "Dog", "Door"])
    refused("differ in classes; average scores of a kind")
    changed(files, frame_seconds=0.1)
    refused("differ in frame_seconds")
    wrong = scores(1).networks["teacher"]
    wrong.strong[3, 0, 0] = np.nan
    changed(files, networks={"student": wrong, "teacher": wrong})
    refused("the scores of 3.wav are not all finite numbers")
    wrong.strong[3, 0, 0] = 4
    changed(files, networks={"student": wrong, "teacher": wrong})
    refused("expected posteriors from 0 to 1")
