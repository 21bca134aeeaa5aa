"""The system `fdy` of `config.yaml`, step by step, against its specification written once more.

What each network hears is taken from the augmentations, which `test_augmentation.py` holds to the
original; from there on all is computed here. FDY-SED's own trainer was never run.
"""

import copy
import math

import pytest
import torch
import yaml
from torch.nn.functional import binary_cross_entropy, mse_loss

from sed_core.config import systems
from sed_core.config.system import System
from sed_core.features.logmel import MelSpectrogram
from sed_core.models.network_registry import build
from sed_core.training.augmentation.chain import augmented
from sed_core.training.augmentation.clip_draws import Clips
from sed_core.training.losses import BatchLayout
from sed_core.training.mean_teacher import MeanTeacher
from tests.parity.recorder import run_steps

STEPS, WARMUP, SEED = 3, 4, 21
STRONG, WEAK = 3, 2


def shipped(root, name: str) -> System:
    """As `config.yaml` has it."""
    text = yaml.safe_load((root / "config.yaml").read_text())
    return System.from_dict(systems.trained_part(name, systems.systems(text)[name], text))


@pytest.fixture(scope="module")
def small(root) -> System:
    """The system with few channels, for batches of 3 + 2 + 2 short clips, without dropout."""
    text = yaml.safe_load((root / "config.yaml").read_text())
    text["datasets"]["desed"]["clip_seconds"] = 2
    fdy = text["systems"]["fdy"]
    fdy["net"] |= {"nb_filters": [4] * 7, "n_RNN_cell": 4, "dropout": 0.0}
    fdy["training"] |= {"batch_size": [STRONG, WEAK, 2]}
    return System.from_dict(systems.trained_part("fdy", systems.systems(text)["fdy"], text))


@pytest.mark.parametrize(("name", "parameters"), [("fdy", 11_061_468), ("pfd", 5_400_540)])
def test_parameters(root, name, parameters):
    """As the public logs of both count them: 11.061 M and 5.401 M."""
    system = shipped(root, name)
    with torch.device("meta"):
        network = build(system.net, len(system.dataset.classes))
    assert sum(p.numel() for p in network.parameters()) == parameters


def made_batch() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    loudness = torch.logspace(-2, 0, STRONG + WEAK + 2, dtype=torch.float64)[:, None]
    noise = torch.randn(STRONG + WEAK + 2, 32000, generator=generator, dtype=torch.float64)
    labels = (torch.rand(STRONG, 10, 31, generator=generator) > 0.8).double()
    weak = (torch.rand(WEAK, 10, generator=generator) > 0.5).double()
    return {"waveforms": 0.1 * loudness * noise, "labels": labels, "weak_labels": weak}


def scaled(mel: torch.Tensor) -> torch.Tensor:
    decibels = (20 * torch.log10(mel.clamp(min=1e-5))).clamp(-50, 80)
    low, high = (
        extreme(extreme(decibels, 2), 0)[None, :, None]
        for extreme in (lambda x, axis: x.min(axis).values, lambda x, axis: x.max(axis).values)
    )
    return (decibels - low) / (high - low + 1e-8)


def ramp(n: int) -> float:
    return math.exp(-5 * (1 - min(n, WARMUP) / WARMUP) ** 2)


def specified(student, teacher, batch, chain) -> None:
    """Some steps of section FDY-CRNN of the specification, on these networks."""
    mel = MelSpectrogram().double()
    waves = batch["waveforms"]
    peak = waves / (waves.abs().max(1, keepdim=True).values + 1e-10)
    layout = BatchLayout(STRONG, WEAK)
    clips = Clips(mel(peak), batch["labels"], batch["weak_labels"], layout, pooling=4)
    optimiser = torch.optim.Adam(student.parameters(), 1e-3, betas=(0.9, 0.999))
    count = 1
    for step in range(STEPS):
        heard, other = augmented(clips, chain, seed=SEED, step=step + 1, batch=step)
        assert not torch.equal(heard.mel, other.mel)
        strong, weak = student(scaled(heard.mel))
        with torch.no_grad():
            guide_strong, guide_weak = teacher(scaled(other.mel))
        loss = binary_cross_entropy(strong[:STRONG], heard.labels)
        tagged = weak[STRONG : STRONG + WEAK]
        loss = loss + 0.5 * binary_cross_entropy(tagged, heard.weak_labels)
        same = mse_loss(strong, guide_strong) + mse_loss(weak, guide_weak)
        optimiser.zero_grad()
        (loss + 2 * ramp(count) * same).backward()
        optimiser.step()
        count += 1
        optimiser.param_groups[0]["lr"] = 1e-3 * ramp(count)
        keep = min(1 - 1 / count, 0.999)
        with torch.no_grad():
            for mean, new in zip(teacher.parameters(), student.parameters(), strict=True):
                mean.mul_(keep).add_(new, alpha=1 - keep)


def test_steps(small, monkeypatch):
    monkeypatch.setattr(MeanTeacher, "run", lambda self, net, *x: net(*x))  # float64
    module = MeanTeacher(small, warmup=WARMUP, seed=SEED).double()
    ours = {"student": copy.deepcopy(module.student), "teacher": copy.deepcopy(module.teacher)}
    start = copy.deepcopy(ours["student"]).state_dict()
    batch = made_batch()
    run_steps(module, [batch] * STEPS)
    specified(ours["student"], ours["teacher"], batch, small.training.augment)
    for name, network in ours.items():
        found = getattr(module, name).state_dict()
        for key, value in network.state_dict().items():
            assert torch.allclose(found[key], value, rtol=0, atol=1e-9), (name, key)
        assert not torch.allclose(
            found["dense.weight"], start["dense.weight"].to(found["dense.weight"])
        )
