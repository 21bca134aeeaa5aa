"""What `make demo-real` does, step by step, with a record on a local server."""

import json
import subprocess
import sys

import pytest

from tests.made_data import SMALL_DEFAULTS
from tests.realdesed_tree import make_tree
from tests.servers.flaky import Flaky
from tests.servers.record import serve_record, zipped
from tests.workflow_runner import Clone

pytestmark = pytest.mark.slow


def test_one_archive_becomes_three_splits_and_scores(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    tree = make_tree(tmp_path / "tree", train=1, others=20, longest=14)
    server = Flaky()
    body = zipped(tree / "validation", "validation/")
    remote = {"record": serve_record(server, {"validation.zip": body}, broken=""), "urls": []}
    clone = Clone.make(tmp_path / "clone", ["configs/demo_real.yaml"], own_code=False)
    sources = clone.folder / "sources.json"
    sources.write_text(json.dumps({"remotes": {"realdesed_validation": remote}}))

    def script(name: str, *words: str) -> subprocess.CompletedProcess:
        command = [sys.executable, f"workflow_scripts/{name}.py", *words]
        return subprocess.run(
            command, cwd=clone.folder, capture_output=True, text=True, check=False
        )

    wanted = ["--remote", "realdesed_validation", "--sources", str(sources)]
    places = ["--root", "data/demo_real/source", "--downloads", "data/demo_real/download"]
    refused = script("download_archive", *wanted, *places, "--at-most", "0.1")
    assert refused.returncode == 1
    assert "validation.zip has " in refused.stderr
    assert "MB, and at most 100.0 kB were to be downloaded" in refused.stderr
    assert not (clone.folder / "data/demo_real/source").exists()
    fetched = script("download_archive", *wanted, *places, "--at-most", "200")
    server.close()
    assert fetched.returncode == 0, fetched.stderr
    table = "data/demo_real/source/validation/metadata.csv"
    shares = ["train=60", "validation=20", "test=20"]
    into = ["--folder", "data/demo_real/source/divided"]
    divided = script("divide", "--table", table, *into, *shares)
    assert "train.csv: 12 recordings" in divided.stdout, divided.stderr
    assert script("divide", "--table", table, *into, "test=x").stderr.startswith("error: 'test=x'")

    training = {"training": SMALL_DEFAULTS["training"], "scoring": SMALL_DEFAULTS["scoring"]}
    local = {"defaults": training, "targets": ["crnn"], "postprocessing": {}}
    target = "results/demo_real/crnn/test_psds.json"
    done = clone.override("local.yaml", local).run("--quiet", "rules", "--", target)
    assert done.returncode == 0, done.stdout[-5000:]
    scores = json.loads((clone.folder / target).read_text())
    assert scores["coverage"]["test"] == {"present": 4, "expected": 4}
    trained = json.loads(
        (clone.folder / "results/demo_real/crnn/seed42/provenance.json").read_text()
    )
    assert trained["coverage"]["train"] == {"present": 12, "expected": 12}
