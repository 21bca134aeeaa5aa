"""Augmentations against those of FDY-SED (190bd36), from the draws that it made."""

import numpy as np
import pytest
import torch

from sed_core.features.logmel import MelSpectrogram, amplitude_to_db
from sed_core.features.scaler import Scaler
from sed_core.training.augmentation.clip_draws import Clips
from sed_core.training.augmentation.filter_augment import gain
from sed_core.training.augmentation.frame_shift import shifted
from sed_core.training.augmentation.spec_augment import stripes
from sed_core.training.augmentation.time_mask import masked
from sed_core.training.losses import BatchLayout
from tests.parity.subset import largest, relative

POOLING = 4


@pytest.fixture(scope="module")
def fdy(zoo):
    return zoo("fdy_augment")


@pytest.fixture(scope="module")
def clips(golden, fdy) -> Clips:
    audio = torch.from_numpy(golden("audio")["audio"][[0, 1, 2, 4]]).float() / 32768
    labels = torch.from_numpy(fdy["labels"])
    layout = BatchLayout(strong=len(audio), weak=0)
    return Clips(MelSpectrogram()(audio), labels, labels[:0, :, 0], layout, POOLING)


@pytest.mark.parametrize("case", ["step0", "step1", "step2", "linear0", "linear1", "linear2"])
def test_filter_augment(fdy, case):
    shape = case[:-1]
    low, high = {"step": (-4.5, 6.0), "linear": (-6.0, 6.0)}[shape]
    levels = low + (high - low) * fdy[f"{case}/band_draws_0_1"].astype(float)
    narrowest = {"step": 4, "linear": 6}[shape]
    n_bands = int(fdy[f"{case}/n_bands"][0])
    n_edges = n_bands + (shape == "linear")
    assert (levels.shape[1], len(fdy[f"{case}/boundary_draws"])) == (n_edges, n_bands - 1)
    ours = gain(shape, levels, fdy[f"{case}/boundary_draws"], n_mels=128, narrowest=narrowest)
    assert ours == pytest.approx(fdy[f"{case}/gain"], rel=1e-6)


def test_what_is_augmented(fdy, clips):
    """The range of each band over batch and time."""
    scaled = Scaler(dims=(0, 2))(amplitude_to_db(clips.mel))[..., ::8].numpy()
    theirs = fdy["scaled_every8"]
    assert largest(scaled, theirs) < 3e-4  # above 7.5 kHz a band spans a few dB at -50
    assert relative(scaled, theirs) < 1e-5


def test_frame_shift(fdy, clips):
    frames = torch.from_numpy(fdy["shift/draws"]).to(torch.int64)  # towards zero, as int() does
    moved = shifted(clips, frames)
    assert np.array_equal(moved.labels.numpy(), fdy["shift/labels"])
    ours = moved.mel[:, ::8, ::8].numpy()
    assert largest(ours, fdy["shift/mel_every8"]) < 1e-5 * ours.max()
    assert largest(moved.mel[:, 0].numpy(), fdy["shift/mel_frames_of_band0"]) < 1e-5 * ours.max()


def test_time_mask(fdy, clips):
    hidden = masked(clips, start=int(fdy["timemask/start"][0]), width=int(fdy["timemask/width"][0]))
    assert np.array_equal(hidden.labels.numpy(), fdy["timemask/labels"])
    assert np.array_equal((hidden.mel == 0).all(1).numpy(), fdy["timemask/zero_frames"])


def test_band_masks(fdy):
    ours = stripes(fdy["freqmask/start"], fdy["freqmask/width"], 128)
    assert np.array_equal(ours, fdy["freqmask/zero_bands"])


def test_every_array_is_read(unread):
    assert unread == []
