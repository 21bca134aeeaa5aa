import pytest

from sed_core.config.rows import rows, shown
from sed_core.runtime.errors import SedError

DATA = {"validation": "synth_val", "test": "devtest", "eval": "eval"}
NETWORK = {
    "checkpoint": None,
    "feats": {"hop_length": 256},
    "net": {"pooling": [[2, 2], [2, 2]]},
}
SYSTEM = {
    "seeds": [1, 2],
    "data": DATA,
    "scoring": {"median_window": 7, "reported": "student"},
    **NETWORK,
}
BOXES = {"method": "sebbs", "tune_on": "validation", "grid": {}}


def made(systems=("crnn", "big"), postprocessing=None, ensembles=None, targets=()):
    config = {"postprocessing": postprocessing or {}, "ensembles": ensembles or {}}
    return rows(
        {**config, "targets": targets, "systems": dict.fromkeys(systems)},
        dict.fromkeys(systems, SYSTEM),
    )


def test_variants_follow_their_system_and_ensembles_come_last():
    found = made(postprocessing={"boxes": BOXES}, ensembles={"both": ["crnn", "big"]})
    assert list(found) == ["crnn", "crnn+boxes", "big", "big+boxes", "both", "both+boxes"]
    assert [row.kind for row in found.values()][:2] == ["system", "variant"]
    stored = {"median_window": 1, "weak_mask": False, "reported": "student"}
    assert found["crnn+boxes"].system["scoring"] == stored
    assert found["crnn+boxes"].variant["tune_on"] == "synth_val"
    assert found["crnn+boxes"].seeds == [1, 2]
    assert found["both"].seeds == [0]
    assert found["both"].members == ["crnn", "big"]


def test_a_variant_may_be_for_some_systems_only():
    found = made(postprocessing={"boxes": {**BOXES, "systems": ["big"]}})
    assert list(found) == ["crnn", "big", "big+boxes"]


@pytest.mark.parametrize(
    ("targets", "order", "seen"),
    [
        ("crnn big", "crnn crnn+boxes big both", "crnn crnn+boxes big both"),
        ("big crnn", "big crnn crnn+boxes both", "big crnn crnn+boxes both"),
        ("both big", "both big crnn crnn+boxes", "both big"),
        ("big", "big crnn crnn+boxes both", "big"),
    ],
)
def test_the_order_of_the_targets_is_that_of_the_tables(targets, order, seen):
    boxes = {"boxes": {**BOXES, "systems": ["crnn"]}}
    targets = targets.split()
    found = made(postprocessing=boxes, ensembles={"both": ["crnn", "big"]}, targets=targets)
    assert list(found) == order.split()
    scored = {"bootstrap": 9, "eventless_clips": "skip"}
    for row in found.values():
        row.system["scoring"] |= scored
    assert list(shown(found, {"targets": targets, "energy": {"reference": None}})) == seen.split()


@pytest.mark.parametrize("split", ["devtest", "eval"])
def test_tuning_on_reported_data_is_refused(split):
    with pytest.raises(SedError, match=f"tune_on is '{split}', which crnn is evaluated on"):
        made(postprocessing={"boxes": {**BOXES, "tune_on": split}})


def test_names_must_exist_and_be_free():
    with pytest.raises(SedError, match=r"there is no system .bog.*Did you mean .big"):
        made(ensembles={"both": ["crnn", "bog"]})
    with pytest.raises(SedError, match="a system has that name"):
        made(ensembles={"big": ["crnn"]})
    with pytest.raises(SedError, match=r"postprocessing.boxes: there is no system 'x'"):
        made(postprocessing={"boxes": {**BOXES, "systems": ["x"]}})


def test_members_must_be_evaluated_alike():
    other = {**SYSTEM, "data": {**DATA, "test": "public"}}
    config = {"postprocessing": {}, "ensembles": {"both": ["a", "b"]}, "targets": []}
    with pytest.raises(SedError, match=r"a and b differ in data.test"):
        rows(config, {"a": SYSTEM, "b": other})
