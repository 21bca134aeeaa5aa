"""Three training steps of the baselines of 2023 and 2024, in Lightning, against the originals'.

Dropout is off; the tokens in place of BEATs' are made-up noise. In float64 all is equal to 1e-7. In
float32 Adam turns the rounding of next to no gradient into full steps, so that biases before a
batch norm are noise, and its means move along with them: tolerances are some three times what the
original's float32 is off its float64. Ours is 10 to 100 times closer to the latter, but for its
means: losses 1.5e-6, posteriors 1e-5, gradients 5e-5, weights 4e-5, variances 1.7e-4, means 1e-3.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
import yaml

from sed_core.config import systems
from sed_core.config.system import System
from sed_core.features.embeddings.alignment import Pool1d
from sed_core.training.augmentation import mixup
from sed_core.training.mean_teacher import SCALARS, MeanTeacher
from tests.parity.fill import fill, noise
from tests.parity.recorder import Recorder, run_steps
from tests.parity.subset import Arrays, largest, relative

WARMUP, STEPS = 10, 3
TOKENS, FRAMES = 496, 156


@dataclass(frozen=True)
class Precision:
    """Of a run, and how close its numbers are: losses and gradients relatively."""

    bits: int = 64
    loss: float = 1e-7
    agreement: float = 1e-7
    posterior: float = 1e-7
    gradients: float = 1e-7
    gradient: float = 1e-7
    """Of a single parameter; `gradients` of all together."""
    digest: float = 1e-7
    weight: float = 1e-7
    attention: float = 1e-7
    """Of `dense_softmax.weight`, which next to no gradient reaches."""
    statistic: float = 1e-7

    @property
    def dtype(self) -> torch.dtype:
        return {32: torch.float32, 64: torch.float64}[self.bits]

    def of_entry(self, name: str) -> float:
        """Of an entry of a state dict after the last step."""
        if "running" in name:
            return self.statistic
        return self.attention if name == "dense_softmax.weight" else self.weight

    def tells(self, name: str) -> bool:
        """Whether a parameter's gradient is more than rounding."""
        return self.bits == 64 or not (name.startswith("cnn.cnn.conv") and name.endswith("bias"))


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


def compare(recorder: Recorder, module: MeanTeacher, data: Arrays, precision: Precision) -> None:
    """Losses, rates, posteriors, gradients and weights of every step."""
    ran = f"f{precision.bits}"
    compare_scalars(recorder, module, data, precision)
    for index, network in enumerate(("student", "teacher")):
        posteriors = np.array([step[index] for step in recorder.weak])
        assert largest(posteriors, data[f"{ran}/weak_{network}"]) < precision.posterior, network

    names = data["parameter_names"].tolist()
    assert names == [name for name, _ in module.student.named_parameters()]
    gradients, theirs = np.array(recorder.gradients), data[f"{ran}/grad_l2"]
    total = np.linalg.norm(gradients, axis=1)
    assert total == pytest.approx(data[f"{ran}/grad_total"], rel=precision.gradients)
    told = [column for column, name in enumerate(names) if precision.tells(name)]
    gradients, theirs = gradients[:, told], theirs[:, told]
    assert relative(gradients, theirs) < precision.gradients
    assert gradients == pytest.approx(theirs, rel=precision.gradient, abs=1e-9)
    for network in ("student", "teacher"):
        digests = np.array([step[network] for step in recorder.digests])
        for column, statistic in ((0, "mean"), (2, "l2")):
            difference = np.abs(digests[..., column] - data[f"{ran}/{network}/{statistic}"])
            assert difference[:, told].max() < precision.digest, (network, statistic)
        state, prefix = getattr(module, network).state_dict(), f"{ran}/{network}/final/"
        for key in (key for key in data if key.startswith(prefix)):
            name = key.removeprefix(prefix)
            assert largest(state[name].numpy(), data[key]) < precision.of_entry(name), key


def compare_scalars(
    recorder: Recorder, module: MeanTeacher, data: Arrays, precision: Precision
) -> None:
    """All that the original logs, of which the total is really the strong consistency."""
    ours = {key: [step[key] for step in recorder.scalars] for key in SCALARS}
    ours["train/student/tot_supervised"] = ours["train/student/strong_self_sup_loss"]
    ours["train/step"] = recorder.numbers
    prefix = f"f{precision.bits}/log/"
    for key in (key for key in data if key.startswith(prefix)):
        name = key.removeprefix(prefix)
        loose = precision.agreement if "self" in name or "tot" in name else precision.loss
        if name == "train/lr":
            loose = 1e-6  # ours is kept in float32
        assert ours[name] == pytest.approx(data[key], rel=loose), name
    ran = f"f{precision.bits}"
    assert recorder.losses == pytest.approx(data[f"{ran}/loss_total"], rel=precision.loss)
    rates, kept = [module.rate(step) for step in range(1, STEPS + 2)], {32: 1e-7, 64: 1e-12}
    assert recorder.rates == rates[:-1]
    for name, ours in (("lr_used", rates[:-1]), ("lr_after", rates[1:])):
        assert ours == pytest.approx(data[f"{ran}/{name}"], rel=kept[precision.bits]), name


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
