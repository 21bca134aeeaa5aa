"""Training steps of ATST-SED and of RealDESED's baseline, in Lightning, against their own code's.

ATST-Frame has two blocks of one head; dropout is off. Both originals floor its decibels over the
whole batch.
"""

from dataclasses import replace
from itertools import chain

import lightning
import numpy as np
import pytest
import torch
import yaml
from torch import nn

from sed_core.config import systems
from sed_core.config.system import System
from sed_core.features.embeddings.alignment import Pool1d
from sed_core.features.embeddings.atst_frame import N_MELS, ATSTFrame
from sed_core.models.encoder_head import EncoderHead
from sed_core.models.end_to_end import EndToEnd
from sed_core.training.augmentation import mixup, resize_crop
from sed_core.training.augmentation.mixup import Mix
from sed_core.training.mean_teacher import MeanTeacher
from tests.parity.fill import filled
from tests.parity.recorder import Recorder, run_steps
from tests.parity.subset import Arrays, largest

WARMUP, TOTAL, STEPS = 2, 10, 5
WIDTH = 64
SMALL = {"nb_filters": [4, 8, 8, 8, 8, 8, 8], "n_RNN_cell": 8, "dropout": 0.0}
CLOSE = 1e-7  # in float64
INSIDE = "atst_frame.atst."  # of ATST-SED's networks
NOISE = ("cnn.cnn.conv", ".bias")  # norms follow: their gradient is 0


def system_of(root, name: str, *files: str, **net) -> System:
    """An entry of the configuration without dropout, of which six clips make a batch."""
    config = yaml.safe_load((root / "config.yaml").read_text())
    for file in files:
        config = systems.merge(config, yaml.safe_load((root / file).read_text()))
    entry = config["systems"][name]
    entry["net"] = {**entry.get("net", {}), **net}
    size = [6, 0, 0] if files else [2, 2, 2]
    entry["training"] |= {"batch_size": size, "strong_parts": [], "n_epochs": TOTAL}
    entry["training"] |= {"n_epochs_warmup": WARMUP, "validation_interval": 1}
    system = systems.systems(config)[name]
    return System.from_dict(systems.trained_part(name, system, config))


def small_atst() -> ATSTFrame:
    return ATSTFrame.configured(top_db="batch")(width=WIDTH, depth=2, hidden=4 * WIDTH)


def theirs(key: str) -> str:
    """The original's name of an entry of ATST-Frame."""
    return key.replace("patch_embed.", "patch_embed.patch_embed.")


def fill_as(network: nn.Module, seed: int, prefix: str = "") -> None:
    """Fill by the names that the original's entries have."""
    for key, entry in network.state_dict().items():
        if entry.is_floating_point():
            name = prefix + theirs(key) if isinstance(network, ATSTFrame) else key
            if isinstance(network, EncoderHead):  # the original's is a linear layer alone
                name = key.removeprefix("dense.")
            entry.copy_(torch.from_numpy(filled(name, tuple(entry.shape), seed)))


def golden_mixes(monkeypatch, data: Arrays, empty: int = 0) -> None:
    """Hand in the original's draws of mixup, behind so many parts without clips."""
    steps = iter(range(STEPS))
    none = Mix(1.0, torch.arange(0))

    def draw(*_, larger_first: bool = False, **__):
        step = next(steps)
        if f"{step}/draws/coefficient" not in data:
            return None
        coefficients = np.atleast_1d(data[f"{step}/draws/coefficient"])
        orders = np.atleast_2d(data[f"{step}/draws/permutation"])
        if larger_first:
            coefficients = np.maximum(coefficients, 1 - coefficients)
        pairs = zip(coefficients, orders, strict=True)
        return [none] * empty + [Mix(float(c), torch.from_numpy(order)) for c, order in pairs]

    monkeypatch.setattr(mixup, "draw", draw)


def golden_bands(monkeypatch, data: Arrays, order: list[int]) -> None:
    """Hand in the original's draws of bands; where it drew none the band is the whole."""
    whole = np.tile([0, N_MELS], (len(order), 1))
    drawn = (np.atleast_2d(data.get(f"{step}/draws/band", whole))[order] for step in range(STEPS))
    bands = iter(chain.from_iterable(drawn))

    def draw(*_, **__):
        start, height = next(bands)
        return int(height), int(start)

    monkeypatch.setattr(resize_crop, "drawn_band", draw)


def with_band_in_each_step(system: System) -> System:
    """Whether there is one follows from the bands that are handed in."""
    entries = [{**entry, "probability": 1.0} for entry in system.pretrained.augment]
    for entry in entries:
        if entry["name"] == "mixup":
            del entry["probability"]
    return replace(system, pretrained=replace(system.pretrained, augment=entries))


class Rates(lightning.Callback):
    """Keeps the rates of all groups that learn, of each step."""

    def __init__(self) -> None:
        self.steps: list[np.ndarray] = []

    def on_train_batch_end(self, trainer, module, outputs, batch, index) -> None:
        groups = trainer.optimizers[0].param_groups
        self.steps.append(np.unique([group["lr"] for group in groups]))


def in_float64(module: MeanTeacher, batch: dict, monkeypatch, rates: Rates) -> Recorder:
    recorder = Recorder()
    recorder.spy(monkeypatch)
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    monkeypatch.setattr(MeanTeacher, "run", lambda self, net, *x, **masks: net(*x, **masks))
    run_steps(module.double(), [batch] * STEPS, recorder, rates)
    return recorder


def clips(golden, labels: torch.Tensor) -> dict[str, torch.Tensor]:
    """Two with strong labels, two with weak ones, two without."""
    return {
        "waveforms": torch.from_numpy(golden("audio")["audio"]).double() / 32768,
        "labels": labels[:2],
        "weak_labels": labels[2:4].amax(-1),
    }


def compare_steps(recorder: Recorder, rates: Rates, data: Arrays, *, of_mixed: float = 1.0) -> None:
    """Losses, their parts, posteriors and rates of every step.

    Args:
        of_mixed: what the weight of the consistency in steps with mixup is multiplied with, which
            the original does beside it.
    """
    for step, scalars in enumerate(recorder.scalars):
        assert recorder.losses[step] == pytest.approx(float(data[f"{step}/loss"]), rel=CLOSE)
        weight = of_mixed if f"{step}/draws/coefficient" in data else 1.0
        for ours, wanted in (
            ("weight", weight * data[f"{step}/weight"]),
            ("student/tot_self_loss", data[f"{step}/consistency"]),
            ("student/tot_supervised", data[f"{step}/supervised"]),
        ):
            assert scalars[f"train/{ours}"] == pytest.approx(float(wanted), rel=CLOSE), (step, ours)
        for index, network in enumerate(("student", "teacher")):
            difference = largest(recorder.weak[step][index], data[f"{step}/weak_{network}"])
            assert difference < CLOSE, (step, network)
        assert rates.steps[step] == pytest.approx(np.unique(data[f"{step}/lr"]), rel=1e-12)


def compare_weights(data: Arrays, network: str, *modules: tuple[str, nn.Module]) -> None:
    """Norms of all weights after the last step, and some weights whole."""
    wanted = dict(zip(data["parameter_names"], data[f"{STEPS - 1}/{network}/l2"], strict=True))
    found = {
        prefix + (theirs(key) if prefix else key): value.detach()
        for prefix, module in modules
        for key, value in module.named_parameters()
    }
    assert wanted.keys() - found.keys() == {INSIDE + "mask_embed"}  # only pre-training hides tokens
    for name, value in found.items():
        if not (name.startswith(NOISE[0]) and name.endswith(NOISE[1])):
            assert value.norm().item() == pytest.approx(wanted[name], rel=CLOSE), (network, name)
    for key in (key for key in data if key.startswith(f"final/{network}/")):
        name = key.removeprefix(f"final/{network}/")
        assert largest(found[name].numpy(), data[key]) < CLOSE, key


def test_first_stage_of_atst_sed(root, golden, reference_file, seed, monkeypatch):
    """ATST-Frame is frozen and hears clips that are not mixed."""
    data = Arrays(reference_file("atst_sed/stage1.npz"))
    golden_mixes(monkeypatch, data)
    system = system_of(root, "atst_sed_stage1", **SMALL)
    encoder = small_atst().double()
    fill_as(encoder, seed, INSIDE)
    batch = clips(golden, torch.from_numpy(data["labels"]).double())
    with torch.no_grad():
        tokens = encoder(batch["waveforms"])["frame"]
    batch["embeddings"] = Pool1d(np.arange(tokens.shape[2]), np.arange(156))(tokens)
    module = MeanTeacher(system, warmup=WARMUP, epoch=1, seed=0, embedding_size=WIDTH)
    fill_as(module.student, seed)
    fill_as(module.teacher, seed + 10)
    rates = Rates()
    compare_steps(in_float64(module, batch, monkeypatch, rates), rates, data)
    for name in ("student", "teacher"):
        compare_weights(data, name, ("", getattr(module, name)), (INSIDE, encoder))


def test_second_stage_of_atst_sed(root, golden, reference_file, seed, monkeypatch):
    """Both networks have an ATST-Frame that learns or averages, and hear clips of their own."""
    data = Arrays(reference_file("atst_sed/stage2.npz"))
    golden_mixes(monkeypatch, data)
    golden_bands(monkeypatch, data, [0, 2, 4, 1, 3, 5])  # there the networks take turns
    system = system_of(root, "atst_sed", **SMALL)
    system = with_band_in_each_step(system)
    inside = EndToEnd(small_atst(), system)
    module = MeanTeacher(system, warmup=WARMUP, epoch=1, seed=0, pretrained=inside)
    encoders = dict(zip(("student", "teacher"), module.encoders.values(), strict=True))
    for name, with_seed in (("student", seed), ("teacher", seed + 10)):
        fill_as(getattr(module, name), with_seed)
        fill_as(encoders[name], with_seed, INSIDE)
    batch = clips(golden, torch.from_numpy(data["labels"]).double())
    rates = Rates()
    recorder = in_float64(module, batch, monkeypatch, rates)
    compare_steps(recorder, rates, data, of_mixed=system.training.interpolation_weight)
    for name, encoder in encoders.items():
        compare_weights(data, name, ("", getattr(module, name)), (INSIDE, encoder))


def test_baseline_of_realdesed(root, golden, reference_file, seed, monkeypatch):
    """A head on ATST-Frame, trained whole; what is mixed and cropped is the encoder's input."""
    data = Arrays(reference_file("realdesed/steps.npz"))
    golden_mixes(monkeypatch, data, empty=1)  # no weak part
    golden_bands(monkeypatch, data, [0, 0])  # the teacher's takes no part
    system = with_band_in_each_step(system_of(root, "realdesed_atst", "configs/realdesed.yaml"))
    schedule = {**system.opt.schedule, "warmup_steps": WARMUP}
    system = replace(system, opt=replace(system.opt, schedule=schedule))
    inside = EndToEnd(small_atst(), system)
    module = MeanTeacher(system, warmup=0, epoch=1, seed=0, pretrained=inside)
    fill_as(inside.encoder, seed)
    fill_as(module.student, seed)
    labels = torch.from_numpy(data["labels"]).double().repeat_interleave(10, -1)
    batch = {**clips(golden, labels), "labels": labels, "weak_labels": labels[:0].amax(-1)}
    rates = Rates()
    recorder = in_float64(module, batch, monkeypatch, rates)
    for step, loss in enumerate(recorder.losses):
        assert loss == pytest.approx(float(data[f"{step}/loss"]), rel=CLOSE)
        assert rates.steps[step] == pytest.approx([float(data[f"{step}/lr"])], rel=1e-12)
    head = module.student.dense.weight.detach().numpy()
    assert largest(head, data["final/event_head.weight"]) < CLOSE
    found = {theirs(key): value for key, value in inside.encoder.named_parameters()}
    norms = dict(zip(data["names"], data[f"{STEPS - 1}/l2"], strict=True))
    for name, norm in norms.items():
        if not name.startswith("event_head."):
            key = name.removeprefix("model.model.atst.")
            assert found[key].norm().item() == pytest.approx(norm, rel=CLOSE), name
