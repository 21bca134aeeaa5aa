"""Data sets that are configuration only, in trees laid out as they are published."""

import csv
from itertools import chain, groupby
from pathlib import Path

import numpy as np
import pytest
import yaml

from sed_core.data.annotations import read_strong
from tests.workflow_runner import Clone

SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Clone:
    return Clone.make(tmp_path_factory.mktemp("sets"), own_code=False)


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def urban_sed(root: Path, clone: Path, classes: list[str]) -> dict[str, str]:
    """A text file a clip; audio and annotations apart, three folders in each."""
    folders = {"train": "train", "validation": "validate", "test": "test"}
    for folder in folders.values():
        for number in range(48):
            write(root / f"audio/{folder}/soundscape_{folder}_{number}.wav")
            label = classes[number % len(classes)]
            line = f"0.5\t2.25\t{label}\n"
            write(root / f"annotations/{folder}/soundscape_{folder}_{number}.txt", line)
    return {split: f"annotations/{folder}" for split, folder in folders.items()}


def maestro_real(root: Path, clone: Path, classes: list[str]) -> dict[str, str]:
    """A folder for each place, values for each second, all splits in one."""
    for split in SPLITS:
        with (clone / f"configs/maestro_real/{split}.csv").open() as table:
            for row in csv.DictReader(table):
                name, place = row["filename"], row["place"]
                write(root / f"development_audio/{place}/{name}")
                lines = [f"{n}.0\t{n + 1}.0\t{label}\t0.{n}" for n, label in enumerate(classes[:9])]
                lines += [f"9.0\t10.0\t{label}\t1.0000000000000002" for label in classes[9:]]
                file = f"soft_labels_{place}/{Path(name).stem}.txt"
                write(root / "development_annotation" / file, "\n".join(lines))
    return dict.fromkeys(SPLITS, "development_annotation")


@pytest.mark.parametrize(("make", "recordings"), [(urban_sed, 48), (maestro_real, 49)])
def test_a_set_in_its_own_layout_is_configuration_only(tmp_path, clone, make, recordings):
    name = make.__name__
    config = yaml.safe_load((clone.folder / f"configs/{name}.yaml").read_text())
    classes = config["datasets"][name]["classes"]
    tables = make(tmp_path, clone.folder, classes)
    asked = Clone(clone.folder, [f"configs/{name}.yaml"])
    words = ("-n", "-p", "--", f"results/{name}/crnn/test_psds.json")
    done = asked.run(*words, SED_DATA=str(tmp_path))
    assert done.returncode == 0, done.stdout
    assert "download" not in done.stdout
    for split, table in tables.items():
        assert str(tmp_path / table) in done.stdout, split
        soft = "soft_labels" in config["datasets"][name]["splits"][split]
        read = read_strong(tmp_path / table, classes=classes, clip_seconds=10, confidence=soft)
        assert len(read.filenames) == recordings
        assert set(read.table["event_label"]) == set(classes) - ({classes[0]} if soft else set())
        assert not soft or read.table["confidence"].max() == 1


def test_maestro_is_divided_as_in_2024(clone):
    """No recording twice; a tenth of those to train on is drawn in each place, with seed 42."""
    named = {}
    for split in SPLITS:
        with (clone.folder / f"configs/maestro_real/{split}.csv").open() as table:
            rows = list(csv.DictReader(table))
        assert all(row["filename"].startswith(row["place"]) for row in rows)
        named[split] = [row["filename"] for row in rows]
    assert [len(names) for names in named.values()] == [28, 5, 16]
    assert len(set(chain(*named.values()))) == 49
    drawn = np.random.RandomState(42)
    learned = sorted(named["train"] + named["validation"])
    validation = []
    for _, place in groupby(learned, key=lambda name: name.rpartition("_")[0]):
        names = list(place)
        drawn.shuffle(names)
        validation += names[int(0.9 * len(names)) :]
    assert validation == named["validation"]
