"""Labels of several annotators against RealDESED's public code."""

import json

import numpy as np
import pytest

from sed_core.data.aggregation import EVENT_FROM, aggregate, votes_of
from sed_core.data.annotator_weights import annotator_scores
from sed_core.data.annotators import annotated_files, read_raw_annotations
from tests.parity.subset import Arrays

CLASSES = [
    "bell_ringing",
    "coffee_machine",
    "cutlery_dishes",
    "door_open_close",
    "footsteps",
    "keyboard_typing",
    "keychain",
    "light_switch",
    "microwave",
    "phone_ringing",
    "running_water",
    "toilet_flushing",
    "vacuum_cleaner",
    "wardrobe_drawer_open_close",
    "window_open_close",
]
METHODS = {
    "Majority": "majority",
    "Intersection": "intersection",
    "Union": "union",
    "Collector": "collector",
    "Uniform Soft": "uniform",
    "Weighted Soft": "weighted",
}


@pytest.fixture(scope="module")
def table(reference_file):
    path = reference_file("realdesed/annotations_raw.csv")
    return read_raw_annotations(path, classes=CLASSES)


@pytest.fixture(scope="module")
def scores(table):
    return annotator_scores(annotated_files(table).values(), CLASSES)


def test_annotator_scores(scores, reference_file):
    """Their Dice is in float32: up to 3e-8 from ours."""
    theirs = json.loads(reference_file("realdesed/annotator_scores.json").read_text())
    assert set(scores) == {row["annotator_id"] for row in theirs}
    for row in theirs:
        ours = scores[row["annotator_id"]]
        assert ours.score == pytest.approx(row["score"], abs=1e-7)
        assert ours.raw_score == pytest.approx(row["raw_score"], abs=1e-7)
        assert ours.confidence == pytest.approx(row["confidence"], abs=1e-7)
        assert ours.recordings == row["num_files"]
        assert ours.comparisons == row["num_pairwise_comparisons"]


@pytest.mark.parametrize("rows", ["raw", "reviewed"])
def test_aggregated_labels(table, scores, rows, reference_file):
    golden = Arrays(reference_file("realdesed/golden.npz"))
    files = annotated_files(table, reviewed=rows == "reviewed")
    compared = 0
    for name in golden:
        theirs, which, filename, start, kind = (name.split("/") + [""] * 4)[:5]
        if which != rows or theirs not in METHODS:
            continue
        file = files[filename]
        active = file.active(CLASSES, 250, start=float(start))
        labels = aggregate(votes_of(file, active, scores), METHODS[theirs])
        if kind == "hard":
            labels = (labels >= EVENT_FROM).astype(np.float32)
        assert np.abs(labels - golden[name]).max() <= (1e-6 if theirs == "Weighted Soft" else 0)
        compared += 1
    assert compared == 192
