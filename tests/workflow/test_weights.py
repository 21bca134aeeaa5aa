"""Weights fetched by the workflow: once, and again only where they are others."""

import pytest
import torch

from sed_core.features.embeddings.ast import AST
from sed_core.features.embeddings.ast_names import to_original
from tests.servers.flaky import Flaky
from tests.workflow_runner import Clone

pytestmark = pytest.mark.slow

RECEIPT = "data/desed/embeddings/ast/weights.json"


@pytest.fixture
def published(tmp_path):
    torch.manual_seed(0)
    small = AST(width=64, depth=1, hidden=64, n_labels=3)
    torch.save(to_original(small.state_dict()), tmp_path / "w.pth")
    return (tmp_path / "w.pth").read_bytes()


def test_a_second_run_has_nothing_to_do(tmp_path, published):
    server = Flaky()
    urls = [server.add("/w.pth", published)]
    entry = {"weights": "mine/w.pth", "urls": urls, "checksum": None}
    clone = Clone.make(tmp_path / "clone", own_code=False).override(
        "w.yaml", {"embeddings": {"ast": entry}}
    )
    done = clone.run("--", RECEIPT)
    server.close()
    assert done.returncode == 0, done.stdout
    assert (clone.folder / "mine/w.pth").read_bytes() == published
    assert clone.planned("--", RECEIPT) == set()


def test_a_file_put_by_hand_is_looked_at_again_when_it_changes(tmp_path, published):
    entry = {"weights": "w.pth", "urls": [], "checksum": None}
    clone = Clone.make(tmp_path / "clone", own_code=False).override(
        "w.yaml", {"embeddings": {"ast": entry}}
    )
    (clone.folder / "w.pth").write_bytes(published)
    done = clone.run("--", RECEIPT)
    assert done.returncode == 0, done.stdout
    assert clone.planned("--", RECEIPT) == set()
    (clone.folder / "w.pth").write_bytes(published)  # another time
    assert clone.planned("--", RECEIPT) == {"weights"}
