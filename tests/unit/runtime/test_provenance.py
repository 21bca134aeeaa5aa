"""What is written down of where a result comes from."""

import ast
import sys

from sed_core.runtime.provenance import PACKAGES, packages
from tests.made_data import ROOT

HARMLESS = {  # cannot change a number
    "ffmpeg", "imageio_ffmpeg", "jsonschema", "matplotlib", "psutil", "requests", "tqdm", "urllib3",
    "yaml", "yt_dlp",
    *("onnx", "onnxruntime", "onnxscript"),  # export what is trained; no result of the workflow
    "cpuinfo",  # names the processor for codecarbon, as it does itself
    "optuna",  # proposes values; what it chose is written down as a configuration
    *("starlette", "uvicorn"),  # show a page
    "sed_scores_eval",  # compares; its version stands beside what it found
}  # fmt: skip


def test_packages_are_those_that_are_imported():
    imported = set()
    for path in (ROOT / "sed_core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
    others = imported - set(sys.stdlib_module_names) - {"sed_core"}
    assert set(PACKAGES) == others - HARMLESS
    assert set(packages()) == {"python", *PACKAGES}, "all are installed"
