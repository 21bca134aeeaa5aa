"""Three training steps of the baselines of 2023 and 2024, in Lightning, against the originals'.

Dropout is off; the tokens in place of BEATs' are made-up noise. In float64 all is equal to 1e-7. In
float32 Adam turns the rounding of next to no gradient into full steps, so that biases before a
batch norm are noise, and its means move along with them: tolerances are some three times what the
original's float32 is off its float64. Ours is 10 to 100 times closer to the latter, but for its
means: losses 1.5e-6, posteriors 1e-5, gradients 5e-5, weights 4e-5, variances 1.7e-4, means 1e-3.
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
from sed_core.training.mean_teacher import MeanTeacher
from tests.parity.fill import fill, noise
from tests.parity.recorder import Recorder, run_steps
from tests.parity.subset import Arrays
from tests.parity.trajectory import Precision, compare

WARMUP, STEPS = 10, 3
TOKENS, FRAMES = 496, 156


DOUBLE = Precision()
SINGLE = Precision(
    bits=32,
    loss=1e-4,
    agreement=5e-4,
    posterior=1e-3,
    gradients=1e-3,
    gradient=1e-2,
    digest=2e-4,
    weight=7e-4,
    attention=5e-3,
    statistic=1e-2,
)


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


def trained(module: MeanTeacher, batch: dict, precision: Precision, monkeypatch) -> Recorder:
    """Three steps on one batch."""
    recorder = Recorder()
    recorder.spy(monkeypatch)
    monkeypatch.setattr(
        MeanTeacher, "run", lambda self, net, *x, **masks: net(*x, **masks)
    )  # stays float64
    module.to(precision.dtype)
    batch = {
        name: entry.to(precision.dtype) if entry.is_floating_point() else entry
        for name, entry in batch.items()
    }
    run_steps(module, [batch] * STEPS, recorder, precision=f"{precision.bits}-true")
    return recorder


@pytest.mark.parametrize("precision", [DOUBLE, SINGLE], ids=["f64", "f32"])
@pytest.mark.parametrize("name", ["mixup_off", "mixup_on"])
def test_2023(root, golden, zoo, seed, monkeypatch, name, precision):
    """Two clips each of strong, weak and unlabelled; embeddings are not mixed."""
    data = zoo(f"dcase2023_trajectory_{name}")
    golden_draws(monkeypatch, data)
    system = system_of(root, "beats_2023", data["batch_size"].tolist())
    module = MeanTeacher(system, warmup=WARMUP, seed=0, embedding_size=768)
    fill(module.student, seed)
    fill(module.teacher, seed if name == "mixup_off" else seed + 10)
    tokens = torch.from_numpy(noise("embeddings/beats_frame", (6, 768, TOKENS), seed))
    tokens = tokens.to(precision.dtype)
    labels = torch.from_numpy(data["labels"])
    batch = {
        "waveforms": torch.from_numpy(golden("audio")["audio"]) / 32768,
        "labels": labels[:2],
        "weak_labels": (labels[2:4] > 0).any(-1).to(labels.dtype),
        "embeddings": Pool1d(np.arange(TOKENS), np.arange(FRAMES))(tokens),
    }
    recorder = trained(module, batch, precision, monkeypatch)
    compare(recorder, module, data, precision)


@pytest.mark.parametrize("precision", [DOUBLE, SINGLE], ids=["f64", "f32"])
@pytest.mark.parametrize("name", ["mixup_off", "mixup_on"])
def test_2024(root, golden, zoo, seed, monkeypatch, name, precision):
    """MAESTRO's clips beside DESED's: masks, soft labels, other partners for embeddings.

    The first part of the batch (two clips) takes no part in the consistency.
    """
    data = zoo(f"dcase2024_trajectory_{name}")
    golden_draws(monkeypatch, data)
    told = torch.from_numpy(data["classes_mask"])
    maestro, synthetic, strong, weak, unlabelled = data["batch_size"].tolist()
    batch_size = [maestro + synthetic + strong, weak, unlabelled]
    parts = [
        {"splits": ["maestro"], "clips": maestro, "consistency": False},
        {"splits": ["synth"], "clips": synthetic},
        {"splits": ["strong", "synth"], "clips": strong},
    ]
    base = system_of(root, "beats_2024", batch_size)
    classes = [f"class {number}" for number in range(told.shape[1])]
    annotated = {"maestro": classes[3:], "synth": classes[:10], "strong": classes[:10]}
    system = replace(
        base,
        dataset=replace(base.dataset, classes=classes),
        net={**base.net, "dropstep": 0, "fusion": {"name": "aligned", "shrink": False}},
        data=replace(base.data, annotated=annotated),
        training=replace(base.training, batch_size=batch_size, strong_parts=parts, n_epochs=60),
        opt=replace(base.opt, schedule={"name": "dcase2024", "anneal_from": 20}),
    )
    module = MeanTeacher(system, warmup=WARMUP, seed=0, embedding_size=768)
    fill(module.student, seed)
    fill(module.teacher, seed if name == "mixup_off" else seed + 10)
    audio = np.concatenate([golden("audio")["audio"], np.zeros((2, 160000), np.int16)])
    audio[6] = np.roll(audio[0], 40000)
    audio[7] = np.roll(audio[2], 80000)
    tokens = noise("embeddings/beats_frame_8", (8, 768, TOKENS), seed)
    tokens = torch.from_numpy(tokens).to(precision.dtype)
    labels = torch.from_numpy(data["labels"])
    batch = {
        "waveforms": torch.from_numpy(audio) / 32768,
        "labels": labels[:4],
        "weak_labels": (labels[4:6] > 0).any(-1).to(labels.dtype),
        "embeddings": Pool1d(np.arange(TOKENS), np.arange(FRAMES))(tokens),
        "classes": told,
    }
    recorder = trained(module, batch, precision, monkeypatch)
    compare(recorder, module, data, precision)


def test_every_array_is_read(unread):
    assert unread == []
