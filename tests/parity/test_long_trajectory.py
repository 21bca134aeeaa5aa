"""From 44.1 kHz to 120 training steps, against the recipe of 2022 run on the same clips.

Dropout, mixup and batches are drawn by the rule of draws.py in both; the training is in float64,
where nothing hides behind rounding.
"""

import copy
import json
from pathlib import Path

import lightning
import numpy as np
import pandas as pd
import pytest
import soundfile as sf
import torch
import yaml

from sed_core.config import systems
from sed_core.config.system import System
from sed_core.data.audio import read_clip
from sed_core.data.labels import FrameGrid, LabelEncoder
from sed_core.data.resamplers import KaiserBest
from sed_core.features.frontend import FrontEnd
from sed_core.models import cnn, dropout
from sed_core.models.native import gru
from sed_core.training.augmentation import mixup
from sed_core.training.mean_teacher import SCALARS, MeanTeacher
from tests.parity import draws
from tests.parity.fill import fill
from tests.parity.recorder import run_steps

GOLDEN = Path(__file__).parent / "reference" / "long_trajectory"
CLIPS = [GOLDEN / f"{number}.flac" for number in range(8)]
SEED = 1


@pytest.fixture(scope="module")
def expected():
    with np.load(GOLDEN / "trajectory.npz") as archive:
        return dict(archive)


@pytest.fixture(scope="module")
def system(root) -> System:
    """The `crnn` of config.yaml on clips of two seconds, with a narrow network."""
    text = yaml.safe_load((root / "config.yaml").read_text())
    text["datasets"]["desed"]["clip_seconds"] = draws.SECONDS
    defaults = copy.deepcopy(text["defaults"])
    defaults["net"].update(draws.NET)
    defaults["training"].update(batch_size=[2, 2, 2], ema_factor=draws.EMA)
    text["defaults"] = defaults
    return System.from_dict(systems.trained_part("crnn", systems.systems(text)["crnn"], text))


def test_resampled_as_in_2022(expected):
    """To float32 rounding, but for outputs that fall on an input (one in 160 from 44.1 kHz).

    resampy adds up times, so some of these fall just before it, where its filter is another.
    """
    falls_on_input = np.arange(draws.SECONDS * draws.RATE) % 160 == 0
    for path, wanted in zip(CLIPS, expected["resampled"], strict=True):
        samples, rate = sf.read(path, dtype="float32", always_2d=True)
        error = np.abs(in_blocks(samples.mean(1), rate, 10_000) - wanted)
        assert error[~falls_on_input].max() < 1e-6
        assert error[falls_on_input].max() < 1e-3
        stored = read_clip(path, sample_rate=draws.RATE).samples
        assert np.abs(stored - wanted)[~falls_on_input].max() < 1e-6


def test_features_from_44100_hertz(expected, system):
    front = FrontEnd(system)
    sounds = [read_clip(path, sample_rate=draws.RATE).samples for path in CLIPS]
    scaled = front(torch.from_numpy(np.stack(sounds))).numpy()
    difference = np.abs(scaled - expected["scaled"])
    assert difference.mean() < 3e-4  # 2e-3 if samples were kept in 16 bits
    soxr = [read_clip(path, sample_rate=draws.RATE, resampler="soxr_hq").samples for path in CLIPS]
    others = front(torch.from_numpy(np.stack(soxr))).numpy()
    assert np.abs(others - expected["scaled"]).mean() > 1e-3


def test_kaiser_best_in_blocks_of_any_size():
    samples = np.random.default_rng(0).standard_normal(30_000).astype(np.float32)
    for old in (8000, 22050, 44100, 48000):
        whole = in_blocks(samples, old, len(samples))
        assert len(whole) == len(samples) * 16000 // old
        for size in (97, 4096):
            np.testing.assert_allclose(in_blocks(samples, old, size), whole, atol=1e-5)


def in_blocks(samples: np.ndarray, old: int, size: int) -> np.ndarray:
    resampler = KaiserBest(old, 16000)
    blocks = [samples[at : at + size] for at in range(0, len(samples), size)]
    found = [resampler.resample_chunk(block) for block in blocks]
    return np.concatenate([*found, resampler.resample_chunk(samples[:0], last=True)])


@pytest.fixture(scope="module")
def trained(expected, system):
    """The training on given waveforms; returns scalars of every step and final posteriors."""

    def run(waveforms: np.ndarray):
        with pytest.MonkeyPatch.context() as patch:
            return train(patch, system, waveforms, expected["labels"])

    return run


def train(patch, system: System, waveforms: np.ndarray, labels: np.ndarray):
    place = {"step": 0, "network": 0, "layer": 0}
    module = MeanTeacher(system, warmup=draws.WARMUP, seed=0)

    def run_as(self, network, inputs, embeddings):
        place.update(network=int(network is module.teacher), layer=0)
        return network(inputs, embeddings)  # without `run`'s float32

    def drop(x, p):
        mask = draws.dropout(place["step"], place["network"], place["layer"], tuple(x.shape))
        place["layer"] += 1
        return x * torch.from_numpy(mask)

    def draw(*_, **__):
        mixes = draws.mixup(place["step"])
        return mixes and tuple(mixup.Mix(c, torch.from_numpy(order)) for c, order in mixes)

    patch.setattr(MeanTeacher, "run", run_as)
    patch.setattr(dropout, "dropout", drop)
    patch.setattr(cnn, "is_fusible", lambda *_: False)
    patch.setattr(gru, "is_native", lambda *_: False)
    patch.setattr(mixup, "draw", draw)
    fill(module.student, SEED)
    fill(module.teacher, SEED)
    module.double()
    batches = []
    for step in range(draws.STEPS):
        clips = draws.batch(step)
        wanted = torch.from_numpy(labels[clips]).double()
        batches.append(
            {
                "waveforms": torch.from_numpy(waveforms[clips]).double(),
                "labels": wanted[:2],
                "weak_labels": (wanted[2:4].sum(-1) > 0).double(),
            }
        )
    rows = []

    class Rows(lightning.Callback):
        def on_train_batch_end(self, trainer, module, outputs, batch, index) -> None:
            rows.append([*module.scalars.tolist(), float(outputs["loss"])])
            place["step"] += 1

    run_steps(module, batches, Rows())
    module.eval()
    with torch.no_grad():
        inputs = module.front(torch.from_numpy(waveforms).double())
        final = {name: getattr(module, name)(inputs) for name in ("student", "teacher")}
    scalars = dict(zip([*SCALARS, "train/loss_total"], np.array(rows).T, strict=True))
    return scalars, final


def test_120_steps(trained, expected):
    """Every loss of every step, and what the networks answer in the end."""
    scalars, final = trained(expected["resampled"])
    for key in (name for name in expected if name.startswith("train/")):
        assert scalars[key] == pytest.approx(expected[key], rel=1e-6, abs=1e-9), key
    for name, outputs in final.items():
        for kind, found in zip(("strong", "weak"), outputs, strict=True):
            assert np.abs(found.numpy() - expected[f"final/{name}/{kind}"]).max() < 1e-6


def test_120_steps_from_wav(trained, expected):
    """Through our own reading and resampling: what these cost in losses."""
    sounds = [read_clip(path, sample_rate=draws.RATE).samples for path in CLIPS]
    scalars, _ = trained(np.stack(sounds))
    for part in ("student/loss_strong", "student/loss_weak", "teacher/loss_strong"):
        error = np.abs(scalars[f"train/{part}"] - expected[f"train/{part}"])
        assert error.max() < 2e-3 and error.mean() < 2e-4, part


def test_labels_of_the_clips(expected, system):
    said = json.loads((GOLDEN / "labels.json").read_text())

    encoder = LabelEncoder(system.dataset.classes, FrameGrid.of(system))
    for labels, wanted in zip(said, expected["labels"], strict=True):
        if labels and isinstance(labels[0], str):
            table = pd.DataFrame({"filename": [""], "event_labels": [",".join(labels)]})
            found = encoder.encode_weak_split(table, [""])[0]
            assert (found == (wanted.sum(-1) > 0)).all()
        elif labels:
            table = pd.DataFrame(labels, columns=["onset", "offset", "event_label"])
            assert (encoder.encode(table) == wanted).all()
