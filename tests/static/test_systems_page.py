"""docs/systems.md names every system, and its sizes are those that the code builds."""

import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def test_sizes_are_up_to_date():
    command = [sys.executable, "docs/make_systems_table.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    stale = "docs/systems.md is stale; run `python docs/make_systems_table.py`"
    assert done.returncode == 0, done.stderr or stale


def test_files_that_prove_something_are_there():
    page = (ROOT / "docs/systems.md").read_text()
    proof = page.partition("## What is proven")[2].partition("\n## ")[0]
    named = {word.strip("`;,:") for word in proof.split() if word.strip("`;,:").endswith(".py")}
    assert len(named) > 10
    for name in named:
        path = ROOT / (name if "/" in name else f"tests/parity/{name}")
        assert path.exists(), name


def test_every_system_is_counted():
    page = (ROOT / "docs/systems.md").read_text()
    systems = yaml.safe_load((ROOT / "config.yaml").read_text())["systems"]
    for name in set(systems) - {"energy_reference"}:
        assert f"`{name}`" in page.partition("<!-- sizes:begin -->")[2], name
