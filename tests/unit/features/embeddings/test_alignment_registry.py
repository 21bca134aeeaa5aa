"""A way to align takes a class and a line, and none elsewhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
REGISTRY = "sed_core/features/embeddings/alignment_registry.py"
ADDED = """
import torch


class Last(torch.nn.Module):
    def __init__(self, _source, target):
        super().__init__()
        self.count = len(target)

    def forward(self, frames):
        return frames[..., -1:].expand(-1, -1, self.count)
"""
USED = """
import torch

from sed_core.features.embeddings.ast import AST
from sed_core.models.end_to_end import EndToEnd
from sed_core.models.network_registry import build
from sed_core.runtime.errors import SedError
from sed_core.training.mean_teacher import fused_net
from made_data import small_panns, tiny_system

system = tiny_system(pretrained={"model": "panns", "kind": "last", "e2e": True})
assert system.pretrained.stored == "frame"
inside = EndToEnd(small_panns(), system)
sound = torch.rand(2, 16000)
found = inside(sound)
assert torch.equal(found, inside.encoder(sound)["frame"][..., -1:].expand(-1, -1, found.shape[2]))
network = build(fused_net(system, inside.embedding_size), 3)
assert network(torch.rand(2, 32, 63), found)[0].shape[2] == found.shape[2]
try:
    AST.check_kind("last")
except SedError as error:
    print(error)
"""


def test_a_way_to_align_that_is_added(tmp_path):
    shutil.copytree(
        ROOT / "sed_core", tmp_path / "sed_core", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / REGISTRY).with_name("last.py").write_text(ADDED)
    text = (tmp_path / REGISTRY).read_text()
    begin = "from sed_core.features.embeddings.last import Last\n"
    line = '    "interpolate": Interpolate,\n'
    assert line in text
    (tmp_path / REGISTRY).write_text(begin + text.replace(line, f'{line}    "last": Last,\n'))
    done = subprocess.run(
        [sys.executable, "-c", USED],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (
        "pretrained.kind is 'last', but AST gives only frame, aligned, global, mean" in done.stdout
    )
