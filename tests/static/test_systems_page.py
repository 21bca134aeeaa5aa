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
    counted = page.partition("<!-- sizes:begin -->")[2].partition("<!-- sizes:end -->")[0]
    names = set()
    for path in [ROOT / "config.yaml", *(ROOT / "configs").glob("*.yaml")]:
        config = yaml.safe_load(path.read_text())
        if "dataset" in config:  # others are laid over one that names its data set
            names |= set(config.get("systems", {}))
    assert {"crnn", "baseline_2024", "realdesed_atst"} <= names
    for name in names - {"energy_reference"}:
        assert f"`{name}`" in counted, name
