"""Long recordings with a network that hears one thing: whether a frame is loud."""

import tracemalloc
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from sed_core.config.system import Stitching, System
from sed_core.inference.recordings import hear
from sed_core.inference.stitching import JOINS
from sed_core.scoring.decode import decode
from tests.made_data import tiny_system

CPU = torch.device("cpu")
RATE, FRAME = 1000, 0.04


@dataclass(frozen=True)
class Loudness:
    """In place of a `Predictor`; 1,000 samples a second, 40 a frame."""

    system: System
    device: torch.device = CPU

    @classmethod
    def joined_by(cls, join: str, seconds: int = 10) -> "Loudness":
        system = tiny_system(feats={"hop_length": 10})
        dataset = replace(system.dataset, sample_rate=RATE, clip_seconds=seconds)
        return cls(replace(system, dataset=dataset, stitching=Stitching(join, 0.5)))

    def __call__(
        self, waveforms: torch.Tensor, *, only: str
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        loud = waveforms.numpy().reshape(len(waveforms), -1, 40).mean(2) > 0.5
        strong = np.where(loud, 0.9, 0.1).astype(np.float32)[..., None].repeat(3, axis=2)
        return {only: (strong, strong.max(1))}


def events(join: str, blocks) -> list[tuple[float, float]]:
    pieces = hear(Loudness.joined_by(join), blocks, network="student", batch_size=8)
    strong = np.concatenate([piece.strong for piece in pieces])[None]
    found = decode(strong, 0.5, frame_seconds=FRAME)
    return [(on, off) for on, off, c in zip(found.onset, found.offset, found.label, strict=True)
            if c == 0]  # fmt: skip


@pytest.mark.parametrize("join", JOINS)
def test_an_event_over_a_border_of_windows_is_one(join):
    for onset in (4.8, 7.4, 9.6, 12.4, 14.8, 16.8):  # windows begin at 5, 10, …, and 17 s
        samples = np.zeros(27 * RATE, np.float32)
        samples[int(onset * RATE) :][: int(0.8 * RATE)] = 1
        assert events(join, [samples]) == [(onset, pytest.approx(onset + 0.8))]


@pytest.mark.parametrize("join", JOINS)
def test_sounds_are_where_they_were_in_a_recording_of_three_hours(join):
    """No drift: within a frame of where they are in a clip of ten seconds."""
    rng = np.random.default_rng(4)
    clip = np.zeros(10 * RATE, np.float32)
    for onset in (0.8, 3.33, 6.017):
        clip[int(onset * RATE) :][:700] = 1
    alone = np.array(events(join, [clip]))
    assert len(alone) == 3
    samples, expected = np.zeros(3 * 3600 * RATE + 123, np.float32), []
    for place in np.arange(200, 3 * 3600 - 20, 400) + rng.random(27).round(3) * 5:
        samples[round(place * RATE) :][: len(clip)] = clip
        expected.extend(alone + place)
    found = np.array(events(join, np.array_split(samples, 1000)))
    assert found.shape == np.shape(expected)
    assert np.abs(found - expected).max() <= FRAME


def peak(hours: int) -> int:
    """Bytes at most, beyond those before, while so much sound is heard block by block."""
    blocks = (np.full(60 * RATE, minute % 2, np.float32) for minute in range(60 * hours))
    tracemalloc.start()
    heard = hear(Loudness.joined_by("mean", 60), blocks, network="student", batch_size=4)
    frames = sum(len(piece.strong) for piece in heard)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert frames == hours * 3600 * 25
    return most


def test_a_day_takes_no_more_memory_than_an_hour():
    peak(1)  # what is imported or cached on the way
    assert peak(24) < 1.1 * peak(1)
