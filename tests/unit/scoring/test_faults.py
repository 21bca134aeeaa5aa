"""Inputs that were once refused or misread, in `faults/`, with the values of the other tools."""

import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from sed_core.runtime.errors import SedError
from sed_core.scoring.__main__ import main
from tests.unit.scoring.libraries import of_psds_eval, of_sed_eval, of_sed_scores_eval

FAULTS = Path(__file__).with_name("faults")
F1S = ("intersection_f1", "collar_f1", "segment_f1")


def score(name, predictions, tmp_path, *options):
    """The JSON of `score` on a folder of `faults`, event-less clips scored."""
    folder = FAULTS / name
    tables = [f"--{part}={folder / part}.tsv" for part in ("truth", "durations")]
    output = tmp_path / "out.json"
    mode = ["--eventless-clips", "score", "--json", str(output)]
    main([str(folder / predictions), *tables, *mode, *options])
    return json.loads(output.read_text())


def assert_same(metrics, expected, convention="sed_scores_eval"):
    """Value and class values of each metric."""
    for name, (value, single) in expected.items():
        if name in F1S:
            found = metrics[name]["conventions"][convention]
            assert found["macro"] == pytest.approx(value, abs=1e-6), name
        else:
            found = metrics[name]["exact"]
            assert found["value"] == pytest.approx(value, abs=1e-6), name
        assert found["per_class"] == pytest.approx(single, abs=1e-6), name


@pytest.mark.parametrize(
    "name", ["12f_48000_1024", "19_float64_collapse", "23_irregular_borders", "24e_last_cut"]
)
def test_score_folders_are_read_as_sed_scores_eval_reads_them(name, tmp_path):
    """A hop of 21.3 ms, scores 1e-9 apart, rows of any length, a last frame that is cut."""
    folder = FAULTS / name
    expected = of_sed_scores_eval(folder / "scores", folder / "truth.tsv", folder / "durations.tsv")
    found = score(name, "scores", tmp_path)
    assert_same(found["networks"]["system"], expected)
    if name != "12f_48000_1024":  # classes that are found, too
        assert 0.5 < found["networks"]["system"]["psds1"]["exact"]["value"] <= 1


def test_float64_in_hdf5_stays_float64(tmp_path):
    folder = FAULTS / "19_float64_collapse"
    with h5py.File(folder / "scores.h5") as file, h5py.File(tmp_path / "wide.h5", "w") as wide:
        for name in ("filenames", "n_frames"):
            file.copy(name, wide)
        wide.attrs.update(file.attrs)
        strong = np.full(file["system/strong"].shape, 1e-12)
        for row, name in enumerate(file["filenames"].asstr()[:]):
            path = folder / "scores" / f"{Path(name).stem}.tsv"
            values = pd.read_csv(path, sep="\t", float_precision="round_trip").to_numpy()
            strong[row, : len(values)] = values[:, 2:]
        wide["any/strong"] = strong
    narrow = score(folder.name, "scores.h5", tmp_path, "--median-window", "1")
    wide = score(folder.name, tmp_path / "wide.h5", tmp_path, "--median-window", "1")
    text = score(folder.name, "scores", tmp_path)
    assert wide["networks"]["any"] == text["networks"]["system"]
    assert wide["networks"]["any"]["psds1"] != narrow["networks"]["system"]["psds1"]


def test_an_event_after_13_days_is_judged_as_psds_eval_and_sed_eval_do(tmp_path):
    """With an event of a second class, since psds_eval has no mean over no other class."""
    folder = FAULTS / "E14b_13_days"
    for name in ("truth", "events", "ops"):
        point = "0.5\t" if name == "ops" else ""
        text = (folder / f"{name}.tsv").read_text()
        (tmp_path / f"{name}.tsv").write_text(text + f"{point}m.wav\t6.0\t7.0\tCat\n")
    (tmp_path / "durations.tsv").write_text((folder / "durations.tsv").read_text())
    tables = (tmp_path / "truth.tsv", tmp_path / "durations.tsv")
    table = pd.read_csv(tmp_path / "events.tsv", sep="\t")
    found = score(tmp_path, "ops.tsv", tmp_path)["networks"]["system"]
    for scenario, expected in of_psds_eval([table], *tables).items():
        part = found[scenario]["dcase2022"]
        assert (part["value"], part["class_mean"]) == pytest.approx(expected, abs=1e-6)
    macro, single = of_sed_eval(table, *tables)
    assert found["collar_f1"]["macro"] == pytest.approx(macro, abs=1e-6)
    assert found["collar_f1"]["per_class"] == pytest.approx(single, abs=1e-6)
    assert single["Dog"] == pytest.approx(0.8)  # 2 of 3 events; the late one is off by 0.1 s
    assert found["segment_f1"]["per_class"]["Dog"] == pytest.approx(18 / 22)  # 9 of 13 seconds
    assert score(tmp_path, "events.tsv", tmp_path)["networks"]["system"] == found


def test_operating_points_without_a_detection_are_0_as_in_psds_eval(tmp_path):
    points = score("E15c_no_detection", "ops.tsv", tmp_path)["networks"]["system"]
    for scenario in ("psds1", "psds2"):
        assert set(points[scenario]["dcase2022"]["per_class"].values()) == {0.0}
        assert points[scenario]["dcase2022"]["value"] == 0
    assert points["collar_f1"]["per_class"] == dict.fromkeys(("Cat", "Dog", "Speech"), 0.0)
    assert score("E15c_no_detection", "events.tsv", tmp_path)["networks"]["system"] == points


def test_a_median_window_of_0_is_refused_and_not_taken_for_7(tmp_path):
    for window in ("0", "-1", "4.5", "7,0,3", "x"):
        with pytest.raises(SedError, match=r"give a whole number|expected a number"):
            score("H3_median_zero", "s.h5", tmp_path, f"--median-window={window}")
    default, seven, one = (
        score("H3_median_zero", "s.h5", tmp_path, *options)["networks"]
        for options in ([], ["--median-window", "7"], ["--median-window", "1"])
    )
    assert default == seven != one
