"""The worked example of docs/your-data.md on made-up birds: other classes, length and rate."""

import json
import re

import numpy as np
import pytest
import soundfile
import yaml

from tests.made_data import SMALL_DEFAULTS
from tests.workflow_runner import ROOT, Clone

pytestmark = pytest.mark.slow

EXAMPLE = (ROOT / "docs/your-data.md").read_text().partition("## An example")[2]
BIRDS = yaml.safe_load(re.search(r"```yaml\n(.*?)```", EXAMPLE, re.S)[1])
CLASSES = BIRDS["datasets"]["birds"]["classes"]
SIZES = {"mixes": 4, "mixes_val": 4, "garden": 10, "wild": 4, "test": 6, "contest": 2}
RATE = 32_000
SMALL = SMALL_DEFAULTS | {
    "training": {
        "batch_size": [2, 1, 1],
        "batch_size_val": 4,
        "n_epochs": 2,
        "n_epochs_warmup": 1,
        "steps_per_epoch": 2,
    },
}
UNTUNED = {"cw-median": {"systems": []}, "sebbs": {"systems": []}}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Folders as the example names them; a tone of its own for each bird."""
    folder = tmp_path_factory.mktemp("birds")
    generator = np.random.default_rng(0)
    for name, split in BIRDS["datasets"]["birds"]["splits"].items():
        rows = []
        (folder / split["audio"]).mkdir(parents=True)
        for n in range(SIZES[name]):
            bird = CLASSES[n % len(CLASSES)]
            seconds = np.arange(5 * RATE) / RATE
            song = np.sin(2 * np.pi * 2000 * (1 + n % len(CLASSES)) * seconds)
            song *= (seconds > 1) & (seconds < 3)
            samples = 0.3 * song + generator.normal(0, 0.01, song.shape)
            file = f"{name}_{n}.flac"
            soundfile.write(folder / split["audio"] / file, samples, RATE)
            rows.append(
                {
                    "strong": f"{file}\t1.0\t3.0\t{bird}",
                    "weak": f"{file}\t{bird}",
                    "none": file,
                }[split["labels"]]
            )
        header = {
            "strong": "filename\tonset\toffset\tevent_label",
            "weak": "filename\tevent_labels",
            "none": "filename",
        }[split["labels"]]
        if "annotations" in split:
            (folder / split["annotations"]).write_text("\n".join([header, *rows, ""]))
    return folder


def test_example_of_the_documentation_runs(tmp_path, root):
    before = sorted(path.relative_to(root) for path in root.rglob("*"))
    clone = (
        Clone.make(tmp_path, own_code=False)
        .override("birds.yaml", BIRDS)
        .override("small.yaml", {"defaults": SMALL, "postprocessing": UNTUNED})
    )
    (root / "garden/test/test_5.flac").write_bytes(b"no audio")
    done = clone.run("--quiet", "rules", SED_DATA=str(root))
    assert done.returncode == 0, done.stdout[-5000:]
    results = clone.folder / "results/birds"
    scores = json.loads((results / "crnn/test_psds.json").read_text())
    assert scores["coverage"]["test"] == {"present": 5, "expected": 6}
    assert set(scores["per_class"]["psds1_exact"]) == set(CLASSES)
    table = (results / "tables/scores.md").read_text()
    assert "birds" in table
    assert "5 of 6" in table
    assert "Blackbird" in (results / "report.html").read_text()
    assert (results / "crnn/seed42/contest_events/student.tsv").is_file()
    assert before == sorted(path.relative_to(root) for path in root.rglob("*"))
