"""Scores that lie on thresholds and events that lie on criteria, where rounding decides."""

import json

import numpy as np
import pandas as pd
import pytest

from sed_core.scoring.__main__ import main
from sed_core.scoring.decode import frame_times, operating_points
from tests.unit.scoring.libraries import of_psds_eval, of_sed_eval

CLASSES = ["A", "B"]
FILES = ["a.wav", "b.wav", "c.wav"]
HOP = 0.064
LEVELS = np.array([0.125, 0.7, 0.75, 0.9])
TIES = [(9, 0.376), (9, 0.776), (43, 2.952)]  # frame, and an onset 200 ms from it


@pytest.fixture(scope="module")
def ties(tmp_path_factory):
    """A score folder in which scores lie on the threshold 0.75, and truth to judge it by."""
    folder = tmp_path_factory.mktemp("ties")
    rng = np.random.default_rng(7)
    events = [("a.wav", 0.32, 1.6, "A"), ("b.wav", 0.64, 1.28, "A"), ("b.wav", 0.1, 2.0, "B")]
    events += [("c.wav", 0.2, 0.7, "B"), ("c.wav", 1.1, 2.3, "A"), ("a.wav", 1.0, 1.5, "B")]
    truth = pd.DataFrame(events, columns=["filename", "onset", "offset", "event_label"])
    truth.to_csv(folder / "truth.tsv", sep="\t", index=False)
    durations = pd.DataFrame({"filename": FILES, "duration": [2.56, 2.56, 300.0]})
    durations.to_csv(folder / "durations.tsv", sep="\t", index=False)
    times = frame_times(np.arange(41), HOP)
    (folder / "scores").mkdir()
    scores = {}
    for name in FILES:
        values = rng.choice(LEVELS, (8, 2)).repeat(5, axis=0)
        frame = pd.DataFrame(
            np.column_stack([times[:-1], times[1:], values]), columns=["onset", "offset", *CLASSES]
        )
        frame.to_csv(folder / "scores" / name.replace("wav", "tsv"), sep="\t", index=False)
        scores[name] = values
    return folder, scores, times


def detected(scores, times, threshold):
    """Events by hand: runs of scores above a threshold, in float64."""
    rows = []
    for name, values in scores.items():
        for label, column in zip(CLASSES, values.T, strict=True):
            edges = np.flatnonzero(np.diff(column > threshold, prepend=False, append=False))
            rows += [
                (name, times[on], times[off], label)
                for on, off in zip(edges[::2], edges[1::2], strict=True)
            ]
    return pd.DataFrame(rows, columns=["filename", "onset", "offset", "event_label"])


def test_the_2022_scale_compares_thresholds_as_psds_eval_does(ties, tmp_path):
    """The eleventh of 14 is 0.7499999999999999, below 0.75; in float32 it would not be."""
    folder, scores, times = ties
    tables = (folder / "truth.tsv", folder / "durations.tsv")
    options = [f"--truth={tables[0]}", f"--durations={tables[1]}", f"--json={tmp_path / 'o.json'}"]
    main([str(folder / "scores"), *options, "--n-thresholds", "14"])
    found = json.loads((tmp_path / "o.json").read_text())["networks"]["system"]
    eleventh = operating_points(14)[10]
    assert eleventh < 0.75 == np.float32(eleventh)
    points = {
        tuple(threshold < LEVELS): detected(scores, times, threshold)
        for threshold in operating_points(14)
    }  # many are equal
    lost = len(detected(scores, times, np.float32(eleventh)))
    assert len(points) >= 3 and lost != len(detected(scores, times, eleventh))
    for name, expected in of_psds_eval(list(points.values()), *tables).items():
        part = found[name]["dcase2022"]
        assert (part["value"], part["class_mean"]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("tie", TIES)
def test_the_collar_of_2022_is_strict_about_the_times_of_its_files(tie, tmp_path):
    """200 ms off: times read from decimals and times k * 0.064 are judged differently.

    2022 wrote its events as decimals, which is what we score; sed_eval on unrounded products
    differs in such ties (1.8e-4 of the macro F1 on the simulated scores), and sed_scores_eval
    forgives both.
    """
    frame, onset = tie
    exact, product = round(frame * HOP, 6), frame * HOP
    truth = pd.DataFrame(
        [("a.wav", onset, onset + 1, "A")], columns=["filename", "onset", "offset", "event_label"]
    )
    truth.to_csv(tmp_path / "truth.tsv", sep="\t", index=False)
    (tmp_path / "durations.tsv").write_text("filename\tduration\na.wav\t10.0\n")
    tables = (tmp_path / "truth.tsv", tmp_path / "durations.tsv")
    hits = {}
    for name, time in (("exact", exact), ("product", product)):
        table = truth.assign(onset=time)
        table.to_csv(tmp_path / "events.tsv", sep="\t", index=False)
        macro, _ = of_sed_eval(table, *tables)
        options = [f"--truth={tables[0]}", f"--durations={tables[1]}"]
        main([str(tmp_path / "events.tsv"), *options, f"--json={tmp_path / 'o.json'}"])
        found = json.loads((tmp_path / "o.json").read_text())["networks"]["system"]["collar_f1"]
        assert found["conventions"]["dcase2022"]["macro"] == macro
        assert found["conventions"]["sed_scores_eval"]["macro"] == 1
        hits[name] = macro
    assert hits["exact"] != hits["product"]
