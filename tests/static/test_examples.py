"""The examples in the docstrings give what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    path.relative_to(ROOT)
    for path in sorted((ROOT / "sed_core").rglob("*.py"))
    if ">>> " in path.read_text()
]


@pytest.mark.parametrize("file", FILES, ids=str)
def test_examples_run(file):
    module = importlib.import_module(".".join(file.with_suffix("").parts))
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted and not result.failed
