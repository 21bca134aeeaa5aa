"""Score folders beside sed_scores_eval's own writer and reader."""

import json

import numpy as np
import pandas as pd
import pytest
from sed_scores_eval.base_modules.io import read_sed_scores, write_sed_scores
from sed_scores_eval.base_modules.scores import create_score_dataframe

from sed_core.scoring.__main__ import main
from sed_core.scoring.score_file import Posteriors, Scores
from sed_core.scoring.score_folder import read_score_folder
from tests.made_scores import write_score_folder
from tests.unit.scoring.libraries import of_sed_scores_eval
from tests.unit.scoring.random_cases import CLASSES
from tests.unit.scoring.test_faults import assert_same

FILES = ["a.wav", "b.wav"]


@pytest.fixture
def strong():
    return np.random.default_rng(0).random((2, 50, 3), dtype=np.float32)


def test_what_we_write_is_what_they_read(strong, tmp_path):
    lengths = np.array([50, 31], np.int32)
    scores = Scores(FILES, CLASSES, 0.064, lengths, {"student": Posteriors(strong, strong.max(1))})
    write_score_folder(tmp_path, scores, "student")
    for name, values, length in zip("ab", strong, lengths, strict=True):
        table = read_sed_scores(tmp_path)[name]
        assert table.columns.tolist() == ["onset", "offset", *CLASSES]
        np.testing.assert_array_equal(table[CLASSES].to_numpy(np.float32), values[:length])
        np.testing.assert_allclose(table.onset, 0.064 * np.arange(length), atol=1e-9)


def test_what_they_write_we_read(strong, tmp_path):
    times = np.cumsum([0.0, *np.random.default_rng(1).random(50)])
    tables = {
        name: create_score_dataframe(values, times, CLASSES)
        for name, values in zip("ab", strong, strict=True)
    }
    write_sed_scores(tables, tmp_path)
    found = read_score_folder(tmp_path, FILES)
    assert (found.filenames, found.classes) == (FILES, CLASSES)
    np.testing.assert_array_equal(found.time[:51], times)
    for label, line in enumerate(found.lines):
        np.testing.assert_array_equal(line.reshape(2, 51)[:, :50], strong[:, :, label])


def test_segments_of_unequal_lengths_score_as_by_sed_scores_eval(tmp_path):
    """What sound event bounding boxes are written as: a row from each border to the next."""
    random = np.random.default_rng(7)
    tables, events = {}, []
    for clip in range(12):
        borders = np.unique(np.round(random.uniform(0.05, 9.95, 2 * len(CLASSES)), 3))
        times = np.array([0.0, *borders, 10.0])
        values = np.zeros((len(times) - 1, len(CLASSES)))
        for label, name in enumerate(CLASSES):
            first, last = np.sort(random.choice(len(borders), 2, replace=False)) + 1
            values[first:last, label] = random.random()
            events.append((f"{clip}.wav", *np.round(times[[first, last]] + [0, 0.1], 3), name))
        tables[f"{clip}"] = create_score_dataframe(values, times, CLASSES)
    write_sed_scores(tables, tmp_path / "scores")
    truth, durations = tmp_path / "truth.tsv", tmp_path / "durations.tsv"
    columns = ["filename", "onset", "offset", "event_label"]
    pd.DataFrame(events, columns=columns).to_csv(truth, sep="\t", index=False)
    lengths = pd.DataFrame({"filename": [f"{name}.wav" for name in tables], "duration": 10.0})
    lengths.to_csv(durations, sep="\t", index=False)
    options = [f"--truth={truth}", f"--durations={durations}", f"--json={tmp_path / 'o.json'}"]
    main([str(tmp_path / "scores"), *options])
    found = json.loads((tmp_path / "o.json").read_text())["networks"]["system"]
    assert_same(found, of_sed_scores_eval(tmp_path / "scores", truth, durations))
    assert found["psds1"]["exact"]["value"] > 0.1 and found["collar_f1"]["macro"] > 0.1
