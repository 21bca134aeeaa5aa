"""configs/realdesed.yaml from a record with three archives to scores, on an invented tree."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.made_data import SMALL_DEFAULTS
from tests.realdesed_tree import CLASSES, make_tree
from tests.servers.flaky import Flaky
from tests.servers.record import continued, serve_record, zipped
from tests.workflow_runner import Clone

pytestmark = pytest.mark.slow

LOCAL = {
    "defaults": SMALL_DEFAULTS,
    "targets": ["crnn_weighted"],
    "postprocessing": {"cw-median": {"systems": []}},
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("realdesed")
    return make_tree(folder, train=10, others=8, longest=14)


@pytest.fixture(scope="module")
def server():
    flaky = Flaky()
    yield flaky
    flaky.close()


def test_from_the_record_to_the_scores(tmp_path, tree, server):
    """One archive has no folder of its own around its content."""
    clone = Clone.make(tmp_path, ["configs/realdesed.yaml"], own_code=False)
    archives = {
        f"{split}.zip": zipped(tree / split, "" if split == "test" else f"{split}/")
        for split in ("train", "validation", "test")
    }
    record = {"record": serve_record(server, archives, broken="train.zip"), "urls": []}
    remotes = {f"realdesed_{split}": record for split in ("train", "validation", "test")}
    (clone.folder / "sources.yaml").write_text(json.dumps({"remotes": remotes}))
    sources = {"datasets": {"realdesed": {"sources": "sources.yaml"}}}
    clone = clone.override("local.yaml", LOCAL | sources)
    local = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    wanted = "results/realdesed/crnn_weighted/test_psds.json"
    done = clone.run("--quiet", "rules", "--", wanted, **local)
    assert done.returncode == 0, done.stdout[-5000:]
    assert continued(server, "train.zip")

    data = clone.folder / "data/realdesed"
    receipt = json.loads((data / "download/realdesed_train.json").read_text())
    assert receipt["files"][0]["checked"] == "md5"
    labels = pd.read_csv(data / "labels/train_weighted.tsv", sep="\t")
    assert labels["confidence"].between(0, 1).all() and (labels["confidence"] < 0.9).any()
    assert json.loads((data / "annotators/train.json").read_text())
    scores = json.loads((clone.folder / wanted).read_text())
    assert scores["coverage"]["test"] == {"present": 8, "expected": 8}
    assert set(scores["per_class"]["psds1_exact"]) == set(CLASSES)


def test_the_three_folders_are_used_in_place(tmp_path, tree):
    """One as it should be, two with what unpacking adds."""
    own = tmp_path / "own"
    (own / "test").mkdir(parents=True)
    (own / "train/train").mkdir(parents=True)
    (own / "validation").symlink_to(tree / "validation")
    (own / "test/test").symlink_to(tree / "test")
    for path in (tree / "train").iterdir():
        (own / "train/train" / path.name).symlink_to(path)
    clone = Clone.make(tmp_path / "clone", ["configs/realdesed.yaml"], own_code=False)
    planned = clone.override("local.yaml", LOCAL).run("-n", "-p", SED_DATA=str(own)).stdout
    assert "download" not in planned and "rule soft_labels" in planned
    for split, place in {
        "train": "train/train",
        "validation": "validation",
        "test": "test/test",
    }.items():
        for inside in ("audio", "metadata.csv"):
            assert f"{own}/{place}/{inside}" in planned, split
