"""A model file decodes as its system is scored, where nobody asks for something else."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml

from sed_core.config.systems import merge, systems
from sed_core.detection.models import load_listener
from sed_core.detection.pipeline import Decisions, Pipeline
from sed_core.models.checkpoint import save_checkpoint
from sed_core.scoring.decode import median_filter
from tests.made_data import ROOT
from tests.unit.detection.conftest import long_sound

WINDOWS = [1, 5, 9]
SOUND = long_sound(1.0).astype(np.float32)


def listening(trained, folder, **decoding):
    """What hears a model whose system decodes like that."""
    training = {**trained.system["training"], **decoding}
    system = {**trained.system, "training": training}
    save_checkpoint(folder / "model.pt", replace(trained, system=system))
    return load_listener(str(folder / "model.pt"), torch.device("cpu"))


def scores(listener, **decisions):
    return np.concatenate(list(Pipeline(listener, Decisions(**decisions)).scores([SOUND])))


@pytest.mark.parametrize("weak_mask", [False, True])
def test_windows_and_mask_are_those_in_the_file(trained, tmp_path, weak_mask):
    listener = listening(trained, tmp_path, median_window=WINDOWS, weak_mask=weak_mask)
    raw = np.concatenate(list(listener.hear([SOUND])))
    clip = listener.weak
    assert (raw > clip).any()  # there is something to mask
    expected = np.minimum(raw, clip) if weak_mask else raw
    expected = median_filter(expected[None], WINDOWS)[0]
    assert np.array_equal(scores(listener), expected)
    assert not np.array_equal(expected, raw)
    assert np.array_equal(scores(listener, median_window=1), raw)


SETS = sorted(set((ROOT / "configs").glob("*.yaml")) - {ROOT / "configs/smoke.yaml"})


@pytest.mark.parametrize("file", [None, *SETS], ids=lambda file: file.stem if file else "usual")
def test_every_system_trains_with_the_decoding_that_scores_it(file):
    """Training puts its own into the file."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config = merge(config, yaml.safe_load(file.read_text()) if file else {})
    for name, system in systems(config).items():
        for key in ("median_window", "weak_mask"):
            assert system["training"][key] == system["scoring"][key], (name, key)
