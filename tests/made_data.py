"""A data set of one-second noises and a network to match: a step takes milliseconds."""

from pathlib import Path

import numpy as np
import torch
import yaml

from sed_core.config import systems
from sed_core.config.system import System
from sed_core.data.corpus import write_corpus
from sed_core.data.layout import PreparedData
from sed_core.data.manifest import COLUMNS
from sed_core.features.embeddings.atst_frame import ATSTFrame
from sed_core.features.embeddings.panns import PANNs
from sed_core.runtime.files import digest, write_json

ROOT = Path(__file__).resolve().parents[1]
CLASSES = ["Cat", "Dog", "Frying"]
RATE = 16000
CLIPS = {"synth": 8, "strong": 5, "weak": 10, "unlabelled": 6, "synth_val": 4, "devtest": 5}
SECTIONS = {
    "feats": {"n_window": 512, "n_mels": 32},
    "net": {
        "nb_filters": [4, 4, 4],
        "kernel_size": [3, 3, 3],
        "stride": [1, 1, 1],
        "padding": [1, 1, 1],
        "pooling": [[2, 4], [2, 2], [1, 4]],
        "n_RNN_cell": 4,
    },
    "training": {
        "batch_size": [2, 2, 2],
        "batch_size_val": 3,
        "n_epochs": 2,
        "n_epochs_warmup": 1,
        "steps_per_epoch": 3,
    },
}

# of a workflow, for sets with strong labels alone
SMALL_DEFAULTS = {
    "net": {"nb_filters": [4, 4, 8, 8, 8, 8, 8], "n_RNN_cell": 8},
    "training": {
        "batch_size": [4, 0, 0],
        "batch_size_val": 4,
        "n_epochs": 2,
        "n_epochs_warmup": 1,
        "validation_interval": 1,
    },
    "scoring": {"bootstrap": 20},
}


def system_dict(**overrides: object) -> dict:
    """What system.json holds: the defaults of config.yaml in small, with overrides."""
    full = yaml.safe_load((ROOT / "config.yaml").read_text())
    full["datasets"]["desed"] |= {"classes": CLASSES, "clip_seconds": 1}
    full["defaults"] = systems.merge(full["defaults"], SECTIONS)
    full |= {"systems": {"tiny": overrides}, "targets": ["tiny"]}
    system = systems.systems(full)["tiny"]
    return systems.trained_part("tiny", system, full)


def tiny_system(**overrides: object) -> System:
    return System.from_dict(system_dict(**overrides))


def small_panns() -> PANNs:
    """With seeded weights; values of the size of a trained one's, where rounding hides nothing."""
    torch.manual_seed(0)
    encoder = PANNs(channels=(4, 4, 4, 4, 4, 6)).eval()
    for block in (module for module in encoder.modules() if module is not encoder.bn0):
        if isinstance(block, torch.nn.BatchNorm2d):
            torch.nn.init.constant_(block.weight, 3)
    return encoder


def small_atst() -> ATSTFrame:
    """With seeded weights and positions."""
    torch.manual_seed(0)
    encoder = ATSTFrame(width=64, depth=2, hidden=32).eval()
    torch.nn.init.normal_(encoder.pos_embed, std=0.1)
    return encoder


def give_weights(data: Path, entry: str, network: str, state: object) -> dict[str, str]:
    """Put the weights of an entry of `embeddings` beside prepared data; their receipt."""
    path = data / f"{entry}.pth"
    torch.save(state, path)
    receipt = {"encoder": network, "path": str(path), "digest": digest(path)}
    write_json(data / "embeddings" / entry / "weights.json", receipt)
    return receipt


def write_system(path: Path, **overrides: object) -> Path:
    write_json(path, system_dict(**overrides), decimals=12)
    return path


def names(split: str) -> list[str]:
    return [f"{split}_{number}.wav" for number in range(CLIPS[split])]


def make_data(folder: Path, *, seconds: float = 1.0) -> Path:
    """Prepared data of all splits: noise whose loudness rises where its class is active."""
    for number, split in enumerate(CLIPS):
        clips = names(split)
        rng = np.random.default_rng(number)
        n_samples = int(seconds * RATE)
        audio = rng.normal(0, 300, (len(clips), n_samples))
        strong, weak = [], []
        for row, name in enumerate(clips):
            label = row % len(CLASSES)
            onset = 0.1 * (1 + row % 4)
            span = slice(int(onset * RATE), int((onset + 0.4) * RATE))
            tone = 3000 * np.sin(np.arange(n_samples) * 0.1 * (label + 1))
            audio[row, span] += tone[span]
            strong.append(f"{name}\t{onset:.1f}\t{onset + 0.4:.1f}\t{CLASSES[label]}")
            weak.append(f"{name}\t{CLASSES[label]}")
        _write(folder, split, clips, np.rint(audio).astype(np.float32) / 32768)
        header, rows = "filename\tonset\toffset\tevent_label", strong
        if split == "weak":
            header, rows = "filename\tevent_labels", weak
        if split == "unlabelled":
            header, rows = "filename", clips
        truth = PreparedData(folder).ground_truth(split)
        truth.parent.mkdir(parents=True, exist_ok=True)
        truth.write_text("\n".join([header, *rows]) + "\n")
    return folder


def _write(folder: Path, split: str, clips: list[str], audio: np.ndarray) -> None:
    data = PreparedData(folder)
    data.audio(split).parent.mkdir(parents=True, exist_ok=True)
    data.manifest(split).parent.mkdir(exist_ok=True)
    write_corpus(
        data.audio(split),
        filenames=clips,
        digests=[f"{split}{row}" for row in range(len(clips))],
        lengths=[audio.shape[1]] * len(clips),
        clips=list(audio),
        sample_rate=RATE,
    )
    cells = [[name, "ok", "", "1", "16000", "1", "0.1", "0.1", "", "x"] for name in clips]
    lines = ["\t".join(row) for row in [list(COLUMNS), *cells]]
    data.manifest(split).write_text("\n".join(lines) + "\n")
