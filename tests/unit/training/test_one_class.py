"""A data set of one class is trained on, predicted and scored; its PSDS is that of its class."""

from dataclasses import replace

import pytest
import torch

from sed_core.config.system import System
from sed_core.data.layout import PreparedData
from sed_core.inference.predict import Predictor, predict_split
from sed_core.runtime.files import read_json
from sed_core.scoring.score_split import score_split
from sed_core.scoring.settings import Settings
from sed_core.training.fit import fit
from sed_core.training.training_job import TrainingJob
from tests.made_data import make_data, names, tiny_system


def of_cats(system: System) -> System:
    return replace(system, dataset=replace(system.dataset, classes=["Cat"]))


def test_one_class(tmp_path):
    data = PreparedData(make_data(tmp_path / "data"))
    for split in ("synth", "strong", "weak", "synth_val", "devtest"):
        table = data.ground_truth(split)
        table.write_text(table.read_text().replace("Dog", "Cat").replace("Frying", "Cat"))
    listed = "".join(f"{name}\t1.0\n" for name in names("devtest"))
    data.durations("devtest").write_text("filename\tduration\n" + listed)
    # Min-max scaling and a few steps: the tones are louder than the noise around them.
    system = of_cats(tiny_system(training={"n_epochs": 1, "steps_per_epoch": 30}))
    job = TrainingJob(system, tmp_path / "data", 1, tmp_path / "checkpoints")
    networks = fit(job, log_folder=None, on_save=lambda: None).networks
    predictor = Predictor.from_checkpoint(networks, torch.device("cpu"))
    predict_split(predictor, data.audio("devtest"), tmp_path / "scores.h5", name="")
    score_split(
        tmp_path / "scores.h5", data.ground_truth("devtest"), data.durations("devtest"),
        settings=Settings(median_window=1), output=tmp_path / "psds.json", coverage=None,
        roc=tmp_path / "roc.json", bootstrap=None, n_bootstrap=2, split="devtest",
        reported="student", system="tiny", seed=1,
    )  # fmt: skip
    metrics = read_json(tmp_path / "psds.json")["networks"]["student"]
    for name in ("psds1", "psds2"):
        for scale in ("exact", "dcase2022"):
            found = metrics[name][scale]
            assert found["per_class"].keys() == {"Cat"}
            assert found["value"] == pytest.approx(found["per_class"]["Cat"], abs=1e-12)
    assert metrics["psds2"]["exact"]["value"] > 0
