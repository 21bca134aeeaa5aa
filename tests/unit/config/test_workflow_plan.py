"""What rows are made of."""

from sed_core.config.rows import Row
from sed_core.config.workflow_plan import Plan


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


def plan(*shown):
    """These rows, some of them in the tables."""
    config = {"dataset": "mine", "datasets": {"mine": {"splits": SPLITS}}, "systems": {}}
    return Plan(config, {}, ROWS, {name: ROWS[name] for name in shown})


def test_a_row_leads_to_its_systems_through_any_chain():
    assert plan().systems_of("a") == ["a"]
    assert plan().systems_of("both+boxes") == ["a", "b"]


def test_a_row_with_one_given_member_is_given():
    assert list(filter(plan().is_given, ROWS)) == ["b", "both", "both+boxes"]


def test_a_system_without_eval_is_evaluated_on_one_split():
    assert plan().evaluated_splits("a") == ["devtest", "eval"]
    assert plan().evaluated_splits("b") == ["devtest"]


def test_predictions_are_named_by_the_part_a_split_plays():
    stages = [plan().energy_stage("a", split) for split in ("devtest", "eval", "val", "synth")]
    assert stages == ["devtest", "evaluation", "validation", "validation"]


def test_splits_come_in_the_order_of_the_data_set_and_only_where_needed():
    assert plan("b").splits_in_use() == ["devtest"]
    assert plan("a").splits_in_use() == ["eval", "devtest", "weak", "synth"]
    assert plan("a+boxes").splits_in_use("strong", "none") == ["eval", "devtest", "synth"]


def test_an_absent_row_is_answered_with_those_that_there_are():
    said = plan().absence("a+box")
    assert "there is no system 'a+box'; there is a, b," in said
    assert "Did you mean 'a+boxes'? `make systems`" in said
