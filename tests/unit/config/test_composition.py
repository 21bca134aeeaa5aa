"""What rows are made of."""

from sed_core.config.composition import (
    absence,
    energy_stage,
    evaluated_splits,
    is_given,
    splits_in_use,
    systems_of,
)
from sed_core.config.rows import Row


def system(checkpoint=None, **data):
    """What these functions read of a complete system."""
    parts = {"strong": ["synth"], "weak": "weak", "unlabelled": "unlabelled"}
    judged = {"validation": "val", "test": "devtest", "eval": "eval"}
    return {"checkpoint": checkpoint, "data": parts | judged | data}


ROWS = {
    "a": Row("a", "system", system()),
    "b": Row("b", "system", system(checkpoint="b.pt", eval=None)),
    "both": Row("both", "ensemble", system(), ["a", "b"]),
    "both+boxes": Row("both+boxes", "variant", system(), ["both"]),
    "a+boxes": Row("a+boxes", "variant", system(), ["a"]),
}
LABELS = {"eval": "none", "devtest": "strong", "weak": "weak", "synth": "strong", "other": "strong"}
SPLITS = {name: {"labels": labels} for name, labels in LABELS.items()}


def test_a_row_leads_to_its_systems_through_any_chain():
    assert systems_of("a", ROWS) == ["a"]
    assert systems_of("both+boxes", ROWS) == ["a", "b"]


def test_a_row_with_one_given_member_is_given():
    assert [name for name in ROWS if is_given(name, ROWS)] == ["b", "both", "both+boxes"]


def test_a_system_without_eval_is_evaluated_on_one_split():
    assert evaluated_splits(ROWS["a"]) == ["devtest", "eval"]
    assert evaluated_splits(ROWS["b"]) == ["devtest"]


def test_predictions_are_named_by_the_part_a_split_plays():
    stages = [energy_stage(ROWS["a"], split) for split in ("devtest", "eval", "val", "synth")]
    assert stages == ["devtest", "evaluation", "validation", "validation"]


def test_splits_come_in_the_order_of_the_data_set_and_only_where_needed():
    assert splits_in_use(["b"], ROWS, SPLITS) == ["devtest"]
    assert splits_in_use(["a"], ROWS, SPLITS) == ["eval", "devtest", "weak", "synth"]
    assert splits_in_use(["a+boxes"], ROWS, SPLITS, ["strong", "none"]) == [
        "eval",
        "devtest",
        "synth",
    ]


def test_an_absent_row_is_answered_with_those_that_there_are():
    said = absence("a+box", ROWS, {"systems": {}})
    assert "there is no system 'a+box'; there is a, b," in said
    assert "Did you mean 'a+boxes'? `make systems`" in said
