"""configs/maestro_real.yaml from a record with two archives to scores, on invented recordings."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from tests.made_data import SMALL_DEFAULTS
from tests.servers.flaky import Flaky
from tests.servers.record import continued, serve_record, zipped
from tests.workflow_runner import Clone

pytestmark = pytest.mark.slow

SECONDS = 12  # more than a window


def make_tree(folder: Path, tables: Path, classes: list[str]) -> None:
    """A folder for each place; lines of text with start, end, class and value, without a header."""
    rng = np.random.default_rng(0)
    rows = [row for table in sorted(tables.glob("*.csv")) for row in csv.DictReader(table.open())]
    for number, row in enumerate(rows):
        audio = folder / "audio" / row["place"] / row["filename"]
        text = folder / f"annotation/soft_labels_{row['place']}/{audio.stem}.txt"
        audio.parent.mkdir(parents=True, exist_ok=True)
        text.parent.mkdir(parents=True, exist_ok=True)
        label = classes[number % len(classes)]
        time = np.arange(SECONDS * 16_000) / 16_000
        heard = (time >= 2) & (time < 9)
        tone = np.sin(2 * np.pi * 200 * 1.2 ** (number % len(classes)) * time) * heard
        soundfile.write(audio, 0.2 * tone + rng.normal(0, 0.003, len(time)), 16_000)
        lines = [
            f"{second}.0\t{second + 1}.0\t{label}\t{0.9 if 2 <= second < 9 else 0.0}"
            for second in range(SECONDS)
        ]
        text.write_text("\n".join(lines))


def test_from_the_record_to_the_scores(tmp_path):
    clone = Clone.make(tmp_path / "clone", ["configs/maestro_real.yaml"], own_code=False)
    config = yaml.safe_load((clone.folder / "configs/maestro_real.yaml").read_text())
    classes = config["datasets"]["maestro_real"]["classes"]
    make_tree(tmp_path, clone.folder / "configs/maestro_real", classes)
    parts = ("audio", "annotation")
    archives = {f"development_{part}.zip": zipped(tmp_path / part) for part in parts}
    server = Flaky()
    address = serve_record(server, archives, broken="development_audio.zip")
    remote = {"record": address, "urls": [], "checksum": None}
    remotes = {f"maestro_real_{part}": remote for part in parts}
    (clone.folder / "sources.yaml").write_text(json.dumps({"remotes": remotes}))
    local = {
        "datasets": {"maestro_real": {"sources": "sources.yaml"}},
        "defaults": SMALL_DEFAULTS,
        "postprocessing": {"cw-median": {"systems": []}},
    }
    wanted = "results/maestro_real/crnn/test_psds.json"
    nearby = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    done = clone.override("local.yaml", local).run("--quiet", "rules", "--", wanted, **nearby)
    server.close()
    assert done.returncode == 0, done.stdout[-5000:]
    assert continued(server, "development_audio.zip")

    receipt = clone.folder / "data/maestro_real/download/maestro_real_audio.json"
    assert json.loads(receipt.read_text())["files"][0]["checked"] == "md5"
    scores = json.loads((clone.folder / wanted).read_text())
    with (clone.folder / "configs/maestro_real/test.csv").open() as table:
        recordings = list(csv.DictReader(table))
    count = len(recordings)
    assert scores["coverage"]["test"] == {"present": count, "expected": count}
    groups = scores["groups"]["place"]
    assert set(groups) == {row["place"] for row in recordings}
    assert set(scores["further"]) == {"segment_auroc", "segment_auroc_0.1"}
