import numpy as np
import pytest

from sed_core.scoring.f1 import F1Counts, f1_scores
from sed_core.scoring.tagging import tagging_f1


def counts(tp, fp, ref, sys):
    return F1Counts(*(np.array([row]) for row in (tp, fp, ref, sys)))


def test_each_rule_leaves_out_its_classes():
    table = counts(tp=[3, 0, 0, 0], fp=[1, 2, 0, 2], ref=[4, 3, 2, 0], sys=[4, 2, 0, 2])
    names = ["hit", "only wrong", "silent", "absent"]
    expected = {
        "no true positive": (["only wrong", "silent", "absent"], 0.75),
        "no event": (["absent"], 0.25),
        "no event or no detection": (["silent", "absent"], 0.375),
    }
    for rule, (left_out, macro) in expected.items():
        score = f1_scores(table, names, convention="dcase2022", undefined=rule)
        assert (score.undefined, score.macro) == (left_out, macro)
        assert score.micro == pytest.approx(6 / (3 + 5 + 9))
        assert rule in score.convention
        strict = f1_scores(table, names, convention="sed_scores_eval", undefined=rule)
        assert (strict.undefined, strict.macro) == (["absent"], 0.25)


def test_an_unknown_convention_is_refused():
    with pytest.raises(ValueError, match="2021"):
        f1_scores(counts([1], [0], [1], [1]), ["a"], convention="2021", undefined="no event")


def test_tagging_leaves_out_what_is_neither_there_nor_detected():
    scores = np.array([[0.9, 0.5, 0.1], [0.6, 0.7, 0.1], [0.2, 0.1, 0.2]])
    labels = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]])
    score = tagging_f1(scores, labels, ["a", "b", "c"])
    assert score.per_class == {"a": pytest.approx(2 / 3), "b": pytest.approx(2 / 3), "c": None}
    assert score.macro == pytest.approx(2 / 3)
    assert score.undefined == ["c"]
    later = tagging_f1(scores, labels, ["a", "b", "c"], convention="sed_scores_eval")
    assert (later.macro, later.undefined) == (pytest.approx(4 / 9), [])
