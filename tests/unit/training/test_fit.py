"""Every option of training, by what it changes."""

import pytest
import torch
import yaml

from sed_core.features.frontend import FrontEnd
from sed_core.features.resident_audio import ResidentAudio
from sed_core.runtime.errors import SedError
from sed_core.training.mean_teacher import MeanTeacher
from sed_core.training.validation import Validation
from tests.made_data import CLASSES, ROOT, tiny_system


def column(outcome, key: str) -> list[float]:
    return [row[key] for row in outcome.history]


def initial(seed: int = 1) -> dict[str, torch.Tensor]:
    return MeanTeacher(tiny_system(), warmup=1, seed=seed).student.state_dict()


def moved(outcome, start: dict[str, torch.Tensor]) -> float:
    """Largest change of a convolution's weights."""
    return max(
        float((outcome.networks.student[key] - start[key]).abs().max())
        for key in start
        if key.endswith("weight") and "conv" in key
    )


def same_networks(one, other) -> bool:
    return all(
        torch.equal(a[key], b[key])
        for a, b in (
            (one.networks.student, other.networks.student),
            (one.networks.teacher, other.networks.teacher),
        )
        for key in a
    )


def test_equal_seeds_give_equal_networks(train, plain):
    one, same, other = plain[0], train(name="same"), train(name="other", seed=2)
    assert one.history == same.history and same_networks(one, same)
    assert one.history != other.history


def test_history_and_selection(train):
    outcome = train(training={"n_epochs": 4})
    assert column(outcome, "epoch") == [0, 1, 2, 3]
    assert column(outcome, "step") == [3, 6, 9, 12]
    objectives = column(outcome, "val/obj_metric")
    assert outcome.selected["objective"] == max(objectives)
    assert outcome.selected["epoch"] == objectives.index(max(objectives))  # the first of equals


def test_a_finished_training_gives_its_result_again(train):
    one = train()
    again = train()  # from its last checkpoint, without a step
    assert one.history == again.history and same_networks(one, again)
    assert one.networks.thresholds == again.networks.thresholds
    assert {*one.networks.thresholds} == {"student", "teacher"}
    assert {*one.networks.thresholds["teacher"]} == {*CLASSES}


def test_learning_lowers_the_loss(train):
    outcome = train(training={"n_epochs": 4, "steps_per_epoch": 10}, opt={"lr": 0.01})
    losses = column(outcome, "train/student/loss_strong")
    assert losses[-1] < 0.9 * losses[0]


def test_warm_up(train):
    outcome = train(training={"n_epochs": 4, "n_epochs_warmup": 3, "steps_per_epoch": 2})
    weights = column(outcome, "train/weight")
    assert weights == sorted(weights) and weights[-1] == 2.0 > weights[0]
    assert column(outcome, "train/lr")[-1] == pytest.approx(1e-3)


def test_constant_weight(train):
    outcome = train(training={"const_max": 0.0})
    assert column(outcome, "train/student/tot_self_loss") == [0.0, 0.0]


@pytest.mark.parametrize(("kind", "low", "high"), [("mse", 0, 0.1), ("bce", 0.3, 2)])
def test_consistency(train, kind, low, high):
    loss = column(train(training={"self_sup_loss": kind}), "train/student/strong_self_sup_loss")
    assert low < loss[0] < high  # binary cross entropy holds the teacher's own entropy


@pytest.mark.parametrize("kind", [None, "soft", "hard"])
def test_mixup(train, monkeypatch, kind):
    seen = []
    losses = MeanTeacher.losses

    def keep(module, student, teacher, heard, *rest):
        seen.append(heard.labels)
        return losses(module, student, teacher, heard, *rest)

    monkeypatch.setattr(MeanTeacher, "losses", keep)
    train(training={"mixup": kind, "n_epochs": 1, "steps_per_epoch": 10})
    active = torch.stack(seen).sum((2, 3))  # unmixed, each clip has the frames of one event
    fractions = torch.stack(seen).frac().any()
    assert bool(fractions) == (kind == "soft")
    assert bool((active > 8).any()) == (kind == "hard")


def test_accumulation(train):
    outcome = train(training={"accumulate_batches": 2, "steps_per_epoch": 4})
    assert column(outcome, "step") == [2, 4]


def test_gradient_clip(train, plain):
    """Gradients far below Adam's epsilon hardly move the weights."""
    start = initial()
    assert moved(plain[0], start) > 1e-4
    assert moved(train(training={"gradient_clip": 1e-12}), start) < 1e-6


def test_early_stopping(train):
    outcome = train(training={"n_epochs": 40, "early_stop_patience": 2}, opt={"lr": 1e-12})
    objectives = column(outcome, "val/obj_metric")
    assert len(objectives) < 40
    assert len(objectives) == objectives.index(max(objectives)) + 1 + 2


def test_validation_interval(train):
    outcome = train(training={"n_epochs": 4, "validation_interval": 2})
    assert column(outcome, "epoch") == [1, 3]
    with pytest.raises(SedError, match="only 4 epochs, so no network would be selected"):
        train(training={"n_epochs": 4, "validation_interval": 5})


def test_bf16(train):
    exact = train(name="a", training={"mixup": None}, net={"dropout": 0.0})
    half = {"mixup": None, "precision": "bf16-mixed"}
    rough = train(name="b", training=half, net={"dropout": 0.0})
    losses = [column(run, "train/student/loss_strong") for run in (exact, rough)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)
    assert rough.networks.student["dense.weight"].dtype == torch.float32


@pytest.mark.skipif(torch.cuda.is_available(), reason="for hosts without a GPU")
def test_fp16_needs_a_gpu(train):
    with pytest.raises(SedError, match="16-mixed needs a GPU; take 32-true or bf16-mixed"):
        train(training={"precision": "16-mixed"})


def test_frozen_cnn_and_batch_norm(train):
    start = initial()
    outcome = train(net={"train_cnn": False, "freeze_bn": True})
    kept = {key for key in start if torch.equal(outcome.networks.student[key], start[key])}
    assert {key for key in start if key.startswith("cnn.")} == kept


SCALERS = [
    *(("instance", kind) for kind in ("minmax", "standard", "mean")),
    *(("dataset", kind) for kind in ("standard", "mean")),
    ("none", "mean"),
]


@pytest.mark.parametrize(("statistic", "normtype"), SCALERS)
def test_scalers(train, data, statistic, normtype):
    """Statistics of a data set are those of its training clips and stay with the networks."""
    scaler = {"statistic": statistic, "normtype": normtype}
    outcome = train(scaler=scaler)
    stored = outcome.networks.scaler
    assert bool(stored) == (statistic == "dataset")
    if stored:
        front = FrontEnd(tiny_system(scaler=scaler | {"statistic": "none"}))
        splits = ["synth", "unlabelled", "weak"]
        audio = ResidentAudio(
            [data / f"audio16k/{split}.h5" for split in splits], device=torch.device("cpu")
        )
        decibels = front(audio.gather(range(14), 16000))  # all but the weak clips
        tolerance = 0.2 * float(decibels.std())  # nine of the ten weak ones are missing here
        assert float(stored["mean"].mean()) == pytest.approx(float(decibels.mean()), abs=tolerance)
    assert all(torch.isfinite(value).all() for value in outcome.networks.student.values())


def test_dataset_minmax_is_refused(train):
    with pytest.raises(SedError, match="'dataset' does not go with scaler"):
        train(scaler={"statistic": "dataset", "normtype": "minmax"})


def test_too_small_a_part(train):
    with pytest.raises(SedError, match="the strong part of a batch needs 9 clips but only 8"):
        train(training={"batch_size": [9, 2, 2]})


def test_fast_development_run(train):
    overrides = yaml.safe_load((ROOT / "configs/fast_dev_run.yaml").read_text())["defaults"]
    outcome = train(**overrides)
    assert column(outcome, "step") == [2, 4, 6]


def test_attention_over_time(train):
    """Changes how frames are summed up, not the frames."""
    steps = {"n_epochs": 1, "steps_per_epoch": 1}
    runs = [train(name=a, training=steps, net={"attention_axis": a}) for a in ("class", "time")]
    one, other = (column(run, "train/student/loss_weak") for run in runs)
    assert one != other
    one, other = (column(run, "train/student/loss_strong") for run in runs)
    assert one == other


@pytest.mark.parametrize(("selection", "kept"), [("best", 0.9), ("last", 0.5)])
def test_networks_that_are_kept(train, monkeypatch, selection, kept):
    falling, finish = iter((0.9, 0.5)), Validation.finish
    monkeypatch.setattr(
        Validation, "finish", lambda self: finish(self) | {"val/obj_metric": next(falling)}
    )
    assert train(training={"selection": selection}).selected["objective"] == kept
