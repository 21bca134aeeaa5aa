"""Exported models: the same scores and events, and packages that know when they are damaged."""

import copy
import json
import shutil
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
import torch

from sed_core.detection import package
from sed_core.detection.__main__ import main as detect
from sed_core.detection.export_command import main as export
from sed_core.detection.models import load_listener
from sed_core.detection.onnx_gru import with_onnx_grus
from sed_core.detection.verify_command import main as verify
from sed_core.models.checkpoint import Checkpoint, save_checkpoint
from sed_core.models.network_registry import build
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import write_json
from sed_core.scoring.postprocess import postprocess
from sed_core.scoring.score_file import Posteriors
from tests.made_data import tiny_system
from tests.unit.detection.conftest import RATE, long_sound

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def packages(folder, weights, tmp_path_factory):
    """The tiny system with a tuned post-processing, and the small YAMNet with 8 bits."""
    target = tmp_path_factory.mktemp("packages")
    classes = load_listener(str(folder / "model.pt"), CPU).classes
    tuned = {
        "method": "sebbs",
        "classes": classes,
        "parameters": {
            "filter_seconds": [0.2] * 3,
            "absolute": [0.05] * 3,
            "relative": [1.5] * 3,
            "weak_mask": [True, False, False],
        },
    }
    write_json(target / "tuned.json", tuned)
    export([str(folder / "model.pt"), str(target / "system"), f"--tuned={target / 'tuned.json'}",
            f"--clip={folder / 'audio/long.flac'}"])  # fmt: skip
    export(["yamnet", str(target / "yamnet"), f"--weights={weights}", "--int8"])
    return target


def scores(listener, sound):
    return np.concatenate(list(listener.hear(np.array_split(sound, 7))))


def test_scores_are_those_of_torch(packages, folder):
    ours = load_listener(str(packages / "system"), CPU)
    theirs = load_listener(str(folder / "model.pt"), CPU)
    for seconds in (0.5, 1.0, 4.1):
        sound = long_sound(seconds)
        assert np.abs(scores(ours, sound) - scores(theirs, sound)).max() < 1e-4
    run = package.session(packages / "system" / package.MODEL)
    strong, weak = run.run(None, {"waveform": long_sound(3.0)[None].repeat(3, 0)})
    assert strong.shape[0] == weak.shape[0] == 3
    assert strong.shape[1] > 2 * len(scores(theirs, long_sound(1.0)))  # of any length


def test_context_gates_as_a_package_of_eight_bits(folder, tmp_path):
    system = tiny_system(net={"activation": "cg", "nb_filters": [16, 16, 32]})
    torch.manual_seed(0)
    state = build(system.net, len(system.dataset.classes)).state_dict()
    save_checkpoint(tmp_path / "model.pt", Checkpoint(state, state, asdict(system)))
    clip = f"--clip={folder / 'audio/long.flac'}"
    export([str(tmp_path / "model.pt"), str(tmp_path / "package"), clip, "--int8"])
    ours, theirs = (load_listener(str(tmp_path / name), CPU) for name in ("package", "model.pt"))
    sound = long_sound(1.0)
    assert 0 < np.abs(scores(ours, sound) - scores(theirs, sound)).max() < 0.02


def test_a_gru_in_one_direction(tmp_path):
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(5, 6), torch.nn.GRU(6, 8, 2, batch_first=True))
    network.eval()
    sound = torch.randn(2, 11, 5)
    program = torch.onnx.export(with_onnx_grus(copy.deepcopy(network)), (sound,), dynamo=True)
    program.save(str(tmp_path / "gru.onnx"))
    run = package.session(tmp_path / "gru.onnx")
    (found,) = run.run(None, {run.get_inputs()[0].name: sound.numpy()})
    assert np.abs(found - network(sound)[0].detach().numpy()).max() < 1e-5


def test_yamnet_with_eight_bits(packages, weights):
    ours = load_listener(str(packages / "yamnet"), CPU)
    theirs = load_listener("yamnet", CPU, weights=weights)
    found, expected = scores(ours, long_sound(4.0)), scores(theirs, long_sound(4.0))
    assert found.shape == expected.shape
    assert 0 < np.abs(found - expected).mean() < 0.02
    assert ours.classes == theirs.classes


def test_post_processing_is_part_of_the_package(packages, folder, tmp_path):
    """What is deployed is what was scored."""
    sound = folder / "audio/deeper/devtest_0.wav"
    detect([str(sound), f"--model={packages / 'system'}", "--threshold=0.3", "--gpus=0",
            "--threads=1", f"--output={tmp_path / 'e.tsv'}"])  # fmt: skip
    found = pd.read_csv(tmp_path / "e.tsv", sep="\t").dropna(subset="onset")
    tuned = json.loads((packages / "tuned.json").read_text())
    listener = load_listener(str(folder / "model.pt"), CPU)
    from sed_core.data.audio import read_clip

    strong = scores(listener, read_clip(sound, sample_rate=RATE).samples)
    boxes = postprocess(
        Posteriors(strong[None], listener.weak[None]),
        np.array([len(strong)]),
        listener.frame_seconds,
        method=tuned["method"],
        parameters=tuned["parameters"],
    )[0]
    peaks = sorted(set(boxes[boxes > 0.3].round(3).tolist()))
    assert peaks
    assert sorted(set(found.peak_score.round(3))) == pytest.approx(peaks, abs=2e-3)
    assert (found.mean_score == found.peak_score).all()  # a box has one confidence


def test_what_cannot_become_a_package(weights, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(SedError, match="taken is a file; name a folder"):
        export(["yamnet", str(tmp_path / "taken"), f"--weights={weights}"])
    with pytest.raises(SedError, match=r"absent.wav does not exist; --clip names a recording"):
        export(["yamnet", str(tmp_path / "new"), "--clip=absent.wav"])
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_package_verifies_itself(packages, tmp_path, capsys):
    verify([str(packages / "system"), str(packages / "yamnet")])
    assert capsys.readouterr().out.count("events as expected") == 2
    copy = tmp_path / "copy"
    shutil.copytree(packages / "system", copy)
    (copy / "labels.csv").write_text("index,name\n0,other\n")
    with pytest.raises(SedError, match=r"labels.csv is not the file that was exported"):
        package.verify(copy)
    (copy / "labels.csv").unlink()
    with pytest.raises(SedError, match=r"labels.csv is missing"):
        package.verify(copy)
    config = json.loads((copy / "config.json").read_text())
    config["files"] = {}
    (copy / "config.json").write_text(json.dumps(config))
    shutil.copy(packages / "yamnet/events.tsv", copy)
    with pytest.raises(SedError, match=r"the model finds \d+ events in clip.wav, not the"):
        package.verify(copy)
    (copy / "model.onnx").write_bytes(b"no network")
    with pytest.raises(SedError, match=r"model.onnx cannot be run by onnxruntime"):
        package.verify(copy)
    (copy / "config.json").write_text("{}")
    with pytest.raises(SedError, match="has another format than 1"):
        package.verify(copy)
    with pytest.raises(SedError, match="is no model package"):
        package.verify(tmp_path)
