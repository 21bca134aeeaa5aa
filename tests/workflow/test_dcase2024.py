"""configs/dcase2024.yaml on invented recordings, and a small BEATs, to both tables."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import yaml

from tests.made_beats import published
from tests.workflow_runner import ROOT, Clone

pytestmark = pytest.mark.slow

CONFIG = yaml.safe_load((ROOT / "configs/dcase2024.yaml").read_text())
SET = CONFIG["datasets"]["dcase2024"]
RATE = 16_000
SIZES = {"synth": 4, "synth_val": 2, "strong": 4, "weak": 10, "unlabelled": 4, "devtest": 2}
SYSTEM = "baseline_2024"
SMALL = {
    "net": {"nb_filters": [4, 4, 8, 8, 8, 8, 8], "n_RNN_cell": 8},
    "training": {
        "batch_size": [4, 2, 2],
        "strong_parts": [
            {"splits": ["maestro"], "clips": 2, "consistency": False},
            {"splits": ["synth"], "clips": 1},
            {"splits": ["strong", "synth"], "clips": 1},
        ],
        "batch_size_val": 4,
        "n_epochs": 2,
        "n_epochs_warmup": 1,
        "steps_per_epoch": 2,
        "validation_interval": 1,
    },
    "opt": {"schedule": {"anneal_from": 1}},
}


def noise(path: Path, seconds: float, generator: np.random.Generator) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = generator.normal(0, 0.01, round(seconds * RATE))
    samples[2 * RATE : 6 * RATE] *= 20
    soundfile.write(path, samples, RATE)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Both sets in one folder; MAESTRO's recordings last 16.5 s, four windows and a rest of 5 s."""
    folder, generator = tmp_path_factory.mktemp("both"), np.random.default_rng(0)
    heads = {
        "strong": "filename\tonset\toffset\tevent_label",
        "weak": "filename\tevent_labels",
        "none": "filename",
    }
    for name, size in SIZES.items():
        split = SET["splits"][name]
        lines = [heads[split["labels"]]]
        for number in range(size):
            file, label = f"{name}_{number}.wav", SET["classes"][number % 10]
            noise(folder / split["audio"] / file, 10, generator)
            lines.append(
                {
                    "strong": f"{file}\t2.0\t6.0\t{label}",
                    "weak": f"{file}\t{label}",
                    "none": file,
                }[split["labels"]]
            )
        table = folder / split["annotations"]
        table.parent.mkdir(parents=True, exist_ok=True)
        table.write_text("\n".join([*lines, ""]))
    for part in ("train", "validation", "test"):
        rows = csv.DictReader((ROOT / f"configs/maestro_real/{part}.csv").open())
        for number, row in enumerate([*rows][:3]):
            stem, place = Path(row["filename"]).stem, row["place"]
            noise(folder / "development_audio" / place / f"{stem}.wav", 16.5, generator)
            texts = folder / f"development_annotation/soft_labels_{place}/{stem}.txt"
            texts.parent.mkdir(parents=True, exist_ok=True)
            lines = [
                f"{second}.0\t{second + 1}.0\t{label}\t{value}"
                for second in range(16)
                for label, value in (
                    ("people talking", 0.8 if 2 <= second < 6 else 0.5),
                    (SET["classes"][16 + number], 0.9 if second > 8 else 0.1),
                )
            ]
            texts.write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def clone(tree, tmp_path_factory):
    made = Clone.make(tmp_path_factory.mktemp("clone"), ["configs/dcase2024.yaml"], own_code=False)
    torch.save(published(predictor=False), weights := tree / "beats.pt")
    made = made.override(
        "small.yaml",
        {
            "embeddings": {"beats": {"weights": str(weights), "urls": [], "checksum": None}},
            "defaults": {"data": {"min_coverage": 0}, "scoring": {"bootstrap": 20}},
            "systems": {SYSTEM: SMALL},
            "targets": [SYSTEM],
        },
    )
    tables = [f"results/dcase2024/tables/{name}.md" for name in ("scores", "on_maestro_test")]
    done = made.run("--quiet", "rules", "--", *tables, SED_DATA=str(tree))
    assert done.returncode == 0, done.stdout[-5000:]
    return made


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open(), delimiter="\t"))


def test_recordings_are_cut_as_in_2024(clone):
    """Seven windows that begin a second apart to train on, two and a rest to test."""
    data = clone.folder / "data/dcase2024"
    for split, ends in (("maestro", 8), ("maestro_test", 3)):
        found = [row for row in read(data / f"manifests/{split}.tsv") if row["status"] == "ok"]
        assert len(found) == 3 * ends
        assert found[-1]["filename"].endswith("001650.wav")
    names = {row["filename"] for row in read(data / "truth/maestro_test_durations.tsv")}
    assert len(names) == 9


def test_talking_trains_speech_but_is_not_its_truth(clone):
    data = clone.folder / "data/dcase2024"
    labels = read(data / "labels/maestro_confidence.tsv")
    talking, speech = (
        [
            (row["filename"], row["onset"], row["confidence"])
            for row in labels
            if row["event_label"] == name
        ]
        for name in ("people talking", "Speech")
    )
    assert speech
    assert speech == talking
    truth = read(data / "truth/maestro_validation.tsv")
    assert "Speech" not in {row["event_label"] for row in truth}
    assert {row["offset"] for row in truth if row["event_label"] == "people talking"} >= {"6.0"}


def test_classes_of_either_set_and_three_scores_that_select(clone):
    seed = clone.folder / "results/dcase2024" / SYSTEM / "seed42"
    provenance = json.loads((seed / "provenance.json").read_text())
    chosen = provenance["selected_by"]
    assert set(chosen) == {
        "val/synth/student/intersection_f1_macro",
        "val/weak/student/macro_F1",
        "val/soft/student/segment_best_F1",
    }
    system = json.loads((seed.parent / "system.json").read_text())
    assert system["data"]["annotated"]["maestro"] == [
        name for name in SET["classes"] if name in SET["splits"]["maestro"]["classes"]
    ]
    history = list(csv.DictReader((seed / "history.csv").open()))
    summed = sum(float(history[-1][key]) for key in chosen)
    assert float(history[-1]["val/obj_metric"]) == pytest.approx(summed, abs=1e-5)


def test_both_tables(clone):
    results = clone.folder / "results/dcase2024"
    desed = json.loads((results / SYSTEM / "devtest_psds.json").read_text())
    maestro = json.loads((results / SYSTEM / "maestro_test_psds.json").read_text())
    assert set(desed["per_class"]["psds1_exact"]) <= set(SET["classes"][:10])
    recording = maestro["further"]["recording_auroc_0.1"]
    assert set(recording["per_class"]) == set(SET["splits"]["maestro_test"]["classes"])
    assert 0 <= recording["value"]["mean"] <= 1
    assert SYSTEM in (results / "tables/scores.md").read_text()
    assert "mpAUC" in (results / "tables/on_maestro_test.md").read_text()
