import numpy as np
import pytest

from sed_core.runtime.errors import SedError
from sed_core.scoring.aligned_scores import align
from sed_core.scoring.evaluate import evaluate_scores
from sed_core.scoring.groups import UNNAMED, evaluate_groups, read_groups
from sed_core.scoring.settings import Settings
from tests.unit.scoring.random_cases import random_problem
from tests.unit.scoring.test_auroc import aligned_of

FILES = ["0.wav", "1.wav", "2.wav"]


def test_recordings_by_metadata(tmp_path):
    csv = tmp_path / "metadata.csv"
    csv.write_text(
        "filename,scene_description,room\n"
        '0.wav,"a ""loud"", long; day\nand night",kitchen\n1.wav,,hall\n2.wav,,\nx.wav,,attic\n'
    )
    groups = read_groups(csv, "room", FILES)
    assert groups == {UNNAMED: ["2.wav"], "hall": ["1.wav"], "kitchen": ["0.wav"]}
    tsv = tmp_path / "metadata.tsv"
    tsv.write_text("filename\troom\n0.wav\tkitchen\n0.wav\thall\n1.wav\thall\n2.wav\thall\n")
    with pytest.raises(SedError, match=r"row 3: 0\.wav is there with two values of room"):
        read_groups(tsv, "room", FILES)
    with pytest.raises(SedError, match=r"has no row for y\.wav \(1 such recordings\)"):
        read_groups(csv, "room", [*FILES, "y.wav"])


def test_a_group_is_scored_as_if_it_were_all_there_is():
    problem, settings = random_problem(3), Settings(median_window=3)
    aligned = aligned_of(problem)
    results = evaluate_groups(aligned, {"rest": FILES[1:], "first": FILES[:1]}, settings)
    assert list(results) == ["rest", "first"]
    rest = results["rest"]
    assert rest.clips == 2 and rest.seconds == pytest.approx(304.8)
    truth = problem.truth.keep(np.array([False, True, True]))
    alone = align(aligned.scores.select(FILES[1:]), truth)
    assert rest.result.metrics == evaluate_scores(alone, settings).metrics
    assert all(len(group.absent) < 3 for group in results.values())
    whole = evaluate_groups(aligned, {"all": FILES}, settings)["all"]
    assert whole.absent == [] and whole.clips == 3
