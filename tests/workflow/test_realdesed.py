"""configs/realdesed.yaml from a record with three archives to scores, on an invented tree."""

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from tests.realdesed_tree import CLASSES, make_tree
from tests.servers.flaky import Fault, Flaky
from tests.workflow_runner import Clone

pytestmark = pytest.mark.slow

SMALL = {
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
LOCAL = {
    "defaults": SMALL,
    "targets": ["crnn_weighted"],
    "postprocessing": {"cw-median": {"systems": []}},
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("realdesed")
    return make_tree(folder, train=10, others=8, longest=14)


def archive(folder: Path, inside: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for path in sorted(folder.rglob("*")):
            made.write(path, inside + str(path.relative_to(folder)))
    return file.getvalue()


@pytest.fixture(scope="module")
def server(tree):
    """A record as Zenodo describes it; one archive has no folder of its own around its content."""
    flaky = Flaky()
    files = []
    for split in ("train", "validation", "test"):
        body = archive(tree / split, "" if split == "test" else f"{split}/")
        faults = [Fault(cut_after=len(body) // 2)] if split == "train" else []
        place = f"/api/records/1/files/{split}.zip/content"
        flaky.add(place, body, etag=f'"{split}"', faults=faults)
        checksum = f"md5:{hashlib.md5(body).hexdigest()}"
        files.append({"key": f"{split}.zip", "size": len(body), "checksum": checksum})
    flaky.add("/api/records/1", json.dumps({"files": files}).encode(), kind="application/json")
    yield flaky
    flaky.close()


def test_from_the_record_to_the_scores(tmp_path, tree, server):
    clone = Clone.make(tmp_path, ["configs/realdesed.yaml"])
    record = {"record": f"{server.url}/api/records/1", "urls": []}
    remotes = {f"realdesed_{split}": record for split in ("train", "validation", "test")}
    (clone.folder / "sources.yaml").write_text(json.dumps({"remotes": remotes}))
    sources = {"datasets": {"realdesed": {"sources": "sources.yaml"}}}
    clone = clone.override("local.yaml", LOCAL | sources)
    local = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    wanted = "results/realdesed/crnn_weighted/test_psds.json"
    done = clone.run("--quiet", "rules", "--", wanted, **local)
    assert done.returncode == 0, done.stdout[-5000:]
    assert any(server.requests("/api/records/1/files/train.zip/content")[1:]), (
        "the rest, not all of it anew"
    )

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
    clone = Clone.make(tmp_path / "clone", ["configs/realdesed.yaml"])
    planned = clone.override("local.yaml", LOCAL).run("-n", "-p", SED_DATA=str(own)).stdout
    assert "download" not in planned and "rule soft_labels" in planned
    for split, place in {
        "train": "train/train",
        "validation": "validation",
        "test": "test/test",
    }.items():
        for inside in ("audio", "metadata.csv"):
            assert f"{own}/{place}/{inside}" in planned, split
