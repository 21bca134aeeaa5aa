"""Any mixture of strong, weak and unlabelled clips trains; what is absent is in no figure."""

import math
import shutil

import pytest

from sed_core.data.layout import PreparedData
from sed_core.runtime.errors import SedError
from sed_core.training.fit import fit
from sed_core.training.training_job import TrainingJob
from tests.made_data import tiny_system

NO_WEAK, NO_UNLABELLED, NO_STRONG = {"weak": None}, {"unlabelled": None}, {"strong": []}


@pytest.mark.parametrize(
    ("data_section", "sizes"),
    [
        (NO_WEAK | NO_UNLABELLED, [4, 0, 0]),
        (NO_UNLABELLED, [2, 2, 0]),
        (NO_WEAK, [2, 0, 2]),
        (NO_STRONG | NO_UNLABELLED, [0, 4, 0]),
    ],
)
def test_every_mixture_trains_and_selects(train, data_section, sizes):
    # Without a given number of steps: the smallest part that there is ends the epoch.
    outcome = train(data=data_section, training={"batch_size": sizes, "steps_per_epoch": None})
    strong, weak, _ = sizes
    for row in outcome.history:
        assert all(math.isfinite(value) for value in row.values())
        assert ("train/student/loss_strong" in row) == bool(strong)
        assert ("train/student/loss_weak" in row) == bool(weak)
        f1 = row["val/synth/student/intersection_f1_macro"]
        assert ("val/weak/student/macro_F1" in row) == bool(weak)
        assert row["val/obj_metric"] == f1 + row.get("val/weak/student/macro_F1", 0)


def test_the_selection_is_said_and_absent_splits_are_not_read(data, tmp_path):
    """Neither audio nor truth of a part that is absent by choice needs to exist."""
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    for split in ("weak", "unlabelled"):
        PreparedData(copy).audio(split).unlink()
        PreparedData(copy).ground_truth(split).unlink()
    system = tiny_system(data=NO_WEAK | NO_UNLABELLED, training={"batch_size": [4, 0, 0]})
    job = TrainingJob(system, copy, 1, tmp_path / "checkpoints")
    said = job.provenance()
    assert said["selected_by"] == ["val/synth/student/intersection_f1_macro"]
    assert said["coverage"].keys() == {"synth", "synth_val"}
    assert fit(job, log_folder=None, on_save=lambda: None).history


def test_a_part_that_is_empty_by_accident_is_an_error(data, tmp_path):
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    PreparedData(copy).ground_truth("weak").write_text("filename\tevent_labels\nother.wav\tCat\n")
    job = TrainingJob(tiny_system(), copy, 1, tmp_path / "checkpoints")
    with pytest.raises(SedError, match="none of the annotated clips of split 'weak' is present"):
        fit(job, log_folder=None, on_save=lambda: None)
