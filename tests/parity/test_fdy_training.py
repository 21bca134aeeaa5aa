"""The system `fdy` of `config.yaml`, step by step, against FDY-SED's own training function.

That ran without augmentations but mixup; with all of them the steps are compared with the
specification, written once more. There what each network hears is taken from the augmentations,
which `test_augmentation.py` holds to the original; from there on all is computed here.
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
from sed_core.training.augmentation import mixup
from sed_core.training.augmentation.chain import augmented
from sed_core.training.augmentation.clip_draws import Clips, Mix
from sed_core.training.losses import BatchLayout
from sed_core.training.mean_teacher import MeanTeacher
from tests.parity.fill import fill
from tests.parity.recorder import Recorder, run_steps
from tests.parity.subset import Arrays, largest

STEPS, WARMUP, SEED = 3, 4, 21
STRONG, WEAK = 3, 2
CLOSE = 1e-7  # in float64


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


def test_steps_of_the_original(root, reference_file, golden, seed, monkeypatch):
    data = Arrays(reference_file("fdy_sed/steps.npz"))
    steps = sum(key.endswith("/losses") for key in data)
    said = iter(range(steps))

    def draw(*_, **__):
        step = next(said)
        orders = torch.from_numpy(data[f"{step}/draws/permutation"])
        return [
            Mix(float(c), o) for c, o in zip(data[f"{step}/draws/coefficient"], orders, strict=True)
        ]

    monkeypatch.setattr(mixup, "draw", draw)
    monkeypatch.setattr(MeanTeacher, "run", lambda self, net, *x: net(*x))  # float64
    text = yaml.safe_load((root / "config.yaml").read_text())
    fdy = text["systems"]["fdy"]
    fdy["net"] |= {"nb_filters": [4] * 7, "n_RNN_cell": 4, "dropout": 0.0}
    fdy["training"] |= {"batch_size": [2, 2, 2]}
    chain = [entry for entry in fdy["training"]["augment"] if entry["name"] == "mixup"]
    fdy["training"]["augment"] = chain
    system = System.from_dict(systems.trained_part("fdy", systems.systems(text)["fdy"], text))
    module = MeanTeacher(system, warmup=3, seed=0).double()
    fill(module.student, seed)
    fill(module.teacher, seed + 10)
    labels = torch.from_numpy(data["labels"]).double()
    batch = {
        "waveforms": torch.from_numpy(golden("audio")["audio"]).double() / 32768,
        "labels": labels[:2],
        "weak_labels": labels[2:4].amax(-1),
    }
    recorder = Recorder()
    run_steps(module, [batch] * steps, recorder)
    names = ("loss_strong", "loss_weak", "strong_self_sup_loss")
    for step, scalars in enumerate(recorder.scalars):
        total, strong, weak, same, *_ = data[f"{step}/losses"]
        assert recorder.losses[step] == pytest.approx(total, rel=CLOSE)
        logged = [scalars[f"train/student/{name}"] for name in names]
        assert logged == pytest.approx([strong, weak, same], rel=CLOSE)
        assert recorder.rates[step] == pytest.approx(float(data[f"{step}/lr"]), rel=1e-12)
    for name in ("student", "teacher"):
        for key, value in getattr(module, name).named_parameters():
            if not (key.endswith(".bias") and ".conv" in key):  # norms follow: their gradient is 0
                difference = largest(value.detach().numpy(), data[f"final/{name}/{key}"])
                assert difference < CLOSE, (name, key)
