"""The mean-teacher step, through Lightning, against four steps of the original trainer."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from sed_core.config import systems
from sed_core.config.system import System
from sed_core.data.labels import FrameGrid, LabelEncoder
from sed_core.training.augmentation import mixup
from sed_core.training.ema import ema_alpha
from sed_core.training.mean_teacher import MeanTeacher
from sed_core.training.schedule.dcase2022 import dcase2022
from sed_core.training.schedule.length import Length
from sed_core.training.schedule.ramp import ramp
from sed_core.training.validation import Validation
from sed_core.training.validation_windows import ValidationWindows
from tests.parity.fill import fill
from tests.parity.recorder import Recorder, run_steps
from tests.parity.subset import largest
from tests.parity.trajectory import Precision, compare

WARMUP = 10
STEPS = 4
DOUBLE = Precision()
SINGLE = Precision(
    bits=32,
    loss=2e-4,
    agreement=1e-3,
    posterior=3e-3,
    gradients=2e-2,
    gradient=2e-2,
    digest=2e-4,
    weight=3e-5,
    attention=5e-3,
    statistic=1e-2,
)


@pytest.fixture(scope="module")
def baseline(root) -> System:
    """The `crnn` system of config.yaml for batches of 2 + 2 + 2 clips, without dropout."""
    text = yaml.safe_load((root / "config.yaml").read_text())
    text["defaults"]["net"]["dropout"] = 0.0
    text["defaults"]["training"]["batch_size"] = [2, 2, 2]
    system = systems.systems(text)["crnn"]
    return System.from_dict(systems.trained_part("crnn", system, text))


@pytest.fixture(scope="module")
def train(golden, seed, baseline):
    """Trains four steps on the golden batch, once for each case."""
    runs = {}

    def run(name: str, dtype: torch.dtype):
        if (name, dtype) not in runs:
            with pytest.MonkeyPatch.context() as monkeypatch:
                runs[name, dtype] = four_steps(golden, seed, baseline, monkeypatch, name, dtype)
        return runs[name, dtype]

    return run


def four_steps(golden, seed, baseline, monkeypatch, name: str, dtype: torch.dtype):
    """Returns recorder, module, golden arrays."""
    data = golden(f"trajectory_{name}")
    mix = iter(range(STEPS))

    def golden_draw(*_, **__):
        step = next(mix)
        if name == "mixup_off" or not data["mix_drawn"][step]:
            return None
        weak, strong = data["mix_c_weak_strong"][step]
        return (
            mixup.Mix(weak, torch.from_numpy(data["mix_perm_weak"][step])),
            mixup.Mix(strong, torch.from_numpy(data["mix_perm_strong"][step])),
        )

    monkeypatch.setattr(mixup, "draw", golden_draw)
    module = MeanTeacher(baseline, warmup=WARMUP, seed=0)
    fill(module.student, seed)
    fill(module.teacher, seed if name == "mixup_off" else seed + 10)
    audio = torch.from_numpy(golden("audio")["audio"]).to(dtype) / 32768
    labels = torch.from_numpy(data["labels"]).to(dtype)
    batch = {
        "waveforms": audio,
        "labels": labels[:2],
        "weak_labels": (labels[2:4].sum(-1) > 0).to(dtype),
    }
    recorder = Recorder()
    recorder.spy(monkeypatch)
    if dtype == torch.float64:
        monkeypatch.setattr(MeanTeacher, "run", lambda self, net, *x: net(*x))  # float64
        module.double()
    precision = "64-true" if dtype == torch.float64 else "32-true"
    run_steps(module, [batch] * STEPS, recorder, precision=precision)
    return recorder, module, data


@pytest.mark.parametrize("name", ["mixup_off", "mixup_on"])
@pytest.mark.parametrize("precision", [DOUBLE, SINGLE], ids=["f64", "f32"])
def test_trajectory(train, name, precision):
    recorder, module, data = train(name, precision.dtype)
    compare(recorder, module, data, precision)
    for step in recorder.scalars:  # what the original logs under the name of the total is another
        parts = [step[f"train/student/loss_{kind}"] for kind in ("strong", "weak")]
        assert step["train/student/tot_supervised"] == pytest.approx(sum(parts))
    alphas = data[f"f{precision.bits}/ema_alpha"]
    assert recorder.alphas == pytest.approx(alphas, rel=1e-12)


def validation_of(baseline, data) -> Validation:
    """On clips 0 and 1 as synthetic validation, 2 and 3 as weak validation."""
    labels = torch.from_numpy(data["labels"])
    columns = ["filename", "onset", "offset", "event_label"]
    events = pd.DataFrame(data["strong_events"], columns=columns).drop_duplicates()
    events["clip"] = events["filename"].factorize()[0]
    events = events.astype({"onset": float, "offset": float})
    encoder = LabelEncoder(baseline.dataset.classes, FrameGrid.of(baseline))
    training_data = SimpleNamespace(
        system=baseline, encoder=encoder, val_strong=np.array([0, 1]), val_weak=np.array([2, 3]),
        val_soft=np.empty(0, np.int64),
        weak_labels=labels.sum(-1) > 0, events=events[events["clip"] < 2],
        audio=SimpleNamespace(lengths=np.full(4, 160000)), names=list("abcd"),
    )  # fmt: skip
    return Validation(training_data, ValidationWindows.of(training_data))


def test_validation_of_the_originals_posteriors(golden, baseline):
    """The losses and F1 that it logged, from what its networks gave: no rounding flips a decision.

    The checkpoint is what four steps without mixup left.
    """
    data, given = golden("trajectory_mixup_off"), golden("reference_crnn_eval")
    validation = validation_of(baseline, data)
    validation.add(
        {
            name: tuple(
                torch.from_numpy(given[f"{name}/{kind}"][:4]) for kind in ("strong", "weak")
            )
            for name in ("student", "teacher")
        }
    )
    scalars = validation.finish()
    logged = {key.removeprefix("f32/log/"): key for key in data if key.startswith("f32/log/val/")}
    assert set(logged) == set(scalars)
    assert sum(float(data[key]) > 0 for name, key in logged.items() if "F1" in name.upper()) >= 4
    for name, key in logged.items():
        assert scalars[name] == pytest.approx(float(data[key]), rel=1e-5), name


@pytest.mark.parametrize("name", ["mixup_off", "mixup_on"])
def test_losses_after_the_epoch(train, golden, baseline, name):
    _, module, data = train(name, torch.float32)
    audio = torch.from_numpy(golden("audio")["audio"][:4]).float() / 32768
    validation = validation_of(baseline, data)
    module.eval()
    with torch.no_grad():
        outputs = module.validation_step({"waveforms": audio}, 0)
    if name == "mixup_off":
        given = golden("reference_crnn_eval")
        for network, posteriors in outputs.items():
            for kind, ours in zip(("strong", "weak"), posteriors, strict=True):
                assert largest(ours, given[f"{network}/{kind}"][:4]) < 3e-3, (network, kind)
    validation.add(outputs)
    scalars = validation.finish()
    losses = [key for key in scalars if "loss" in key]
    assert len(losses) == 4
    for key in losses:
        assert scalars[key] == pytest.approx(float(data[f"f32/log/{key}"]), rel=5e-3), key


def test_schedules(golden):
    data = golden("ramps")
    for length in (5900, 10, 1, 0):
        factors = [ramp(int(n), length) for n in data[f"ramp_{length}/step"]]
        assert factors == pytest.approx(data[f"ramp_{length}/factor"], abs=1e-12)
        rates = [1e-3 * factor for factor in factors]
        assert rates == pytest.approx(data[f"ramp_{length}/lr"], abs=1e-12)
    alphas = [ema_alpha(int(n), factor=0.999) for n in data["ema_n"]]
    assert alphas == pytest.approx(data["ema_alpha"], abs=1e-12)
    used = data["lr_of_update_rampup10"]
    length = Length(warmup=10, epoch=1, total=99)
    ours = [1e-3 * dcase2022(k, length) for k in range(len(used))]
    assert ours == pytest.approx(used, abs=1e-12)


@pytest.mark.parametrize("name", ["mixup_off", "mixup_on"])
def test_order_of_a_step(train, name):
    """Forward passes, then the teacher's average, then backward and update, as the original."""
    recorder, _, _ = train(name, torch.float64)
    assert recorder.order == ["forward", "average", "backward"] * STEPS
