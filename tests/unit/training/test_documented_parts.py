"""What the pages on networks, heads, augmentations and losses show trains as it stands there."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sed_core.config import network_sections
from sed_core.config.system import System
from sed_core.models.head_registry import HEADS
from sed_core.models.network_registry import MODELS
from sed_core.training.augmentation.augmentation_registry import SEPARATE
from sed_core.training.fit import FitResult, fit
from sed_core.training.loss.loss_registry import SUPERVISED
from sed_core.training.schedule.schedule_registry import SCHEDULES
from sed_core.training.selection.objective_registry import OBJECTIVES
from sed_core.training.training_job import TrainingJob
from tests.made_data import CLASSES, tiny_system

DOCS = Path(__file__).resolve().parents[3] / "docs"


def shown(page: str, begin: str, **there: Any) -> dict[str, Any]:
    """What the page's Python block that has this in it defines."""
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.S)
    (block,) = [block for block in blocks if begin in block]
    found = {"__name__": __name__, **there}
    exec(block.replace("Conv1d(128", "Conv1d(32"), found)
    return found


@pytest.fixture
def mine(monkeypatch):
    page, there = "add-a-network.md", vars(network_sections)
    section = shown(page, "class Mine(Network)", **{**there, "__name__": __name__})["Mine"]
    monkeypatch.setitem(network_sections.NETWORKS, "mine", section)
    monkeypatch.setitem(MODELS, "mine", shown(page, "build_mine")["build_mine"])
    return {"net": {"model": "mine", "width": 32}}


@pytest.fixture
def trained(data, tmp_path):
    """Of a system that the configuration, which reads tables from their files, would not know."""

    def run(system: System) -> FitResult:
        return fit(TrainingJob(system, data, 1, tmp_path), log_folder=None, on_save=lambda: None)

    return run


SPLITS = ("synth", "weak", "unlabelled", "synth_val")


@pytest.mark.parametrize("known", [{}, dict.fromkeys(SPLITS, CLASSES[:2])], ids=["all", "two"])
def test_the_network_trains_whatever_classes_labels_tell_of(mine, trained, known):
    system = tiny_system(**mine)
    history = trained(replace(system, data=replace(system.data, annotated=known))).history
    assert np.isfinite([row["train/student/tot_supervised"] for row in history]).all()


def test_the_head_trains(trained, monkeypatch):
    monkeypatch.setitem(HEADS, "top", shown("add-a-network.md", "def top")["top"])
    system = tiny_system()
    head = {"head": {"name": "top", "sharpness": 2}}
    assert "out.weight" in trained(replace(system, net={**system.net, **head})).networks.student


def test_augmentation_loss_schedule_and_objective_train(trained, monkeypatch):
    page = "add-an-augmentation.md"
    tables = {"louder": SEPARATE, "smooth_bce": SUPERVISED, "halving": SCHEDULES}
    for name, table in tables.items():
        monkeypatch.setitem(table, name, shown(page, f"def {name}(")[name])
    monkeypatch.setitem(OBJECTIVES, "loudest", shown(page, "LOUDEST")["LOUDEST"])
    system = tiny_system(training={"mixup": None})
    training = replace(
        system.training,
        augment=[{"name": "louder", "decibels": [0, 3]}],
        loss={"name": "smooth_bce", "by": 0.05},
        objective="loudest",
    )
    opt = replace(system.opt, schedule={"name": "halving", "epochs": 1})
    history = trained(replace(system, training=training, opt=opt)).history
    assert [row["train/lr"] for row in history] == pytest.approx([1e-3, 5e-4])
    assert history[-1]["val/obj_metric"] == history[-1]["val/synth/student/loudest"] > 0
