"""Three training steps of the baselines of 2023 and 2024, in Lightning, against the originals'.

Dropout is off; the tokens in place of BEATs' are made-up noise.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml

from sed_core.config import systems
from sed_core.config.system import System
from sed_core.features.embeddings.alignment import Pool1d
from sed_core.training.augmentation import mixup
from sed_core.training.mean_teacher import SCALARS, MeanTeacher
from sed_core.training.schedule.dcase2024 import dcase2024
from sed_core.training.schedule.length import Length
from tests.parity.fill import fill, noise
from tests.parity.recorder import Recorder, run_steps
from tests.parity.subset import Arrays, largest

WARMUP, STEPS = 10, 3
TOKENS, FRAMES = 496, 156
CLOSE = 1e-7  # in float64


def system_of(root, name: str, batch_size: list[int]) -> System:
    """An entry of config.yaml for small batches, without dropout."""
    config = yaml.safe_load((root / "config.yaml").read_text())
    entry = config["systems"][name]
    entry["net"]["dropout"] = 0.0
    entry["training"] |= {"batch_size": batch_size, "strong_parts": []}
    system = systems.systems(config)[name]
    return System.from_dict(systems.trained_part(name, system, config))


def golden_draws(monkeypatch, data: Arrays) -> None:
    """Hand in the original's draws of mixup, or none."""
    steps = iter(range(STEPS))

    def draw(*_, **__):
        step = next(steps)
        if "mix_c" not in data:
            return None
        return tuple(
            mixup.Mix(float(c), torch.from_numpy(data[f"mix_perm_{part}"][step]))
            for part, c in enumerate(data["mix_c"][step])
        )

    monkeypatch.setattr(mixup, "draw", draw)


def trained(module: MeanTeacher, batch: dict, monkeypatch) -> Recorder:
    """Three steps on one batch, in float64."""
    recorder = Recorder()
    recorder.spy(monkeypatch)
    monkeypatch.setattr(
        MeanTeacher, "run", lambda self, net, *x, **masks: net(*x, **masks)
    )  # stays float64
    module.double()
    run_steps(module, [batch] * STEPS, recorder)
    return recorder


def compare(recorder: Recorder, module: MeanTeacher, data: Arrays) -> None:
    """Losses, rates, posteriors, gradients and weights of every step."""
    logged = {key: np.array([step[key] for step in recorder.scalars]) for key in SCALARS}
    logged.pop("train/student/tot_supervised")  # the original's is something else
    rate = logged.pop("train/lr")
    for key in (key for key in logged if f"f64/log/{key}" in data):
        assert logged[key] == pytest.approx(data[f"f64/log/{key}"], rel=CLOSE), key
    assert rate == pytest.approx(data["f64/lr_used"], rel=1e-6)  # kept in float32
    assert recorder.rates == pytest.approx(data["f64/lr_used"], rel=1e-12)
    assert recorder.losses == pytest.approx(data["f64/loss_total"], rel=CLOSE)
    for index, network in enumerate(("student", "teacher")):
        posteriors = np.array([step[index] for step in recorder.weak])
        assert largest(posteriors, data[f"f64/weak_{network}"]) < CLOSE, network

    assert data["parameter_names"].tolist() == [n for n, _ in module.student.named_parameters()]
    gradients = np.array(recorder.gradients)
    assert gradients == pytest.approx(data["f64/grad_l2"], rel=CLOSE, abs=1e-2 * CLOSE)
    for step, digest in enumerate(recorder.digests):
        for network, values in digest.items():
            for column, statistic in ((0, "mean"), (2, "l2")):
                difference = np.abs(values[:, column] - data[f"f64/{network}/{statistic}"][step])
                assert difference.max() < CLOSE, (step, network, statistic)
    for network in ("student", "teacher"):
        state = getattr(module, network).state_dict()
        prefix = f"f64/{network}/final/"
        for key in (key for key in data if key.startswith(prefix)):
            assert largest(state[key.removeprefix(prefix)].numpy(), data[key]) < CLOSE, key


@pytest.mark.parametrize("name", ["mixup_off", "mixup_on"])
def test_2023(root, golden, reference_file, seed, monkeypatch, name):
    """Two clips each of strong, weak and unlabelled; embeddings are not mixed."""
    data = Arrays(reference_file(f"zoo/dcase2023_trajectory_{name}.npz"))
    golden_draws(monkeypatch, data)
    system = system_of(root, "beats_2023", [2, 2, 2])
    module = MeanTeacher(system, warmup=WARMUP, seed=0, embedding_size=768)
    fill(module.student, seed)
    fill(module.teacher, seed if name == "mixup_off" else seed + 10)
    tokens = torch.from_numpy(noise("embeddings/beats_frame", (6, 768, TOKENS), seed)).double()
    labels = torch.from_numpy(data["labels"]).double()
    batch = {
        "waveforms": torch.from_numpy(golden("audio")["audio"]).double() / 32768,
        "labels": labels[:2],
        "weak_labels": (labels[2:4] > 0).any(-1).double(),
        "embeddings": Pool1d(np.arange(TOKENS), np.arange(FRAMES))(tokens),
    }
    compare(trained(module, batch, monkeypatch), module, data)


@pytest.mark.parametrize("name", ["mixup_off", "mixup_on"])
def test_2024(root, golden, reference_file, seed, monkeypatch, name):
    """MAESTRO's clips beside DESED's: masks, soft labels, other partners for embeddings.

    The first part of the batch (two clips) takes no part in the consistency.
    """
    data = Arrays(reference_file(f"zoo/dcase2024_trajectory_{name}.npz"))
    golden_draws(monkeypatch, data)
    told = torch.from_numpy(data["classes_mask"])
    parts = [
        {"splits": ["maestro"], "clips": 2, "consistency": False},
        {"splits": ["synth"], "clips": 1},
        {"splits": ["strong", "synth"], "clips": 1},
    ]
    base = system_of(root, "beats_2024", [2, 2, 2])
    classes = [f"class {number}" for number in range(told.shape[1])]
    annotated = {"maestro": classes[3:], "synth": classes[:10], "strong": classes[:10]}
    system = replace(
        base,
        dataset=replace(base.dataset, classes=classes),
        net={**base.net, "dropstep": 0, "fusion": {"name": "aligned", "shrink": False}},
        data=replace(base.data, annotated=annotated),
        training=replace(base.training, batch_size=[4, 2, 2], strong_parts=parts, n_epochs=60),
        opt=replace(base.opt, schedule={"name": "dcase2024", "anneal_from": 20}),
    )
    module = MeanTeacher(system, warmup=WARMUP, seed=0, embedding_size=768)
    fill(module.student, seed)
    fill(module.teacher, seed if name == "mixup_off" else seed + 10)
    audio = np.concatenate([golden("audio")["audio"], np.zeros((2, 160000), np.int16)])
    audio[6] = np.roll(audio[0], 40000)
    audio[7] = np.roll(audio[2], 80000)
    tokens = noise("embeddings/beats_frame_8", (8, 768, TOKENS), seed)
    tokens = torch.from_numpy(tokens).double()
    labels = torch.from_numpy(data["labels"]).double()
    batch = {
        "waveforms": torch.from_numpy(audio).double() / 32768,
        "labels": labels[:4],
        "weak_labels": (labels[4:6] > 0).any(-1).double(),
        "embeddings": Pool1d(np.arange(TOKENS), np.arange(FRAMES))(tokens),
        "classes": told,
    }
    compare(trained(module, batch, monkeypatch), module, data)


def test_rate_of_2024(reference_file):
    """118 steps an epoch; the rate rises for 50 epochs, falls from epoch 100 to epoch 300."""
    data = Arrays(reference_file("zoo/dcase2024_small.npz"))
    length = Length(warmup=50 * 118, epoch=118, total=300 * 118)
    rates = [1e-3 * dcase2024(int(step) - 1, length) for step in data["lr_step"]]
    expected = 1e-3 * data["exact/lr_factor"]
    first = data["lr_step"] == 1  # whose factor the original computes, and never uses
    assert np.array(rates)[~first] == pytest.approx(expected[~first], rel=1e-12)
    assert np.array(rates)[first] == 1e-3
