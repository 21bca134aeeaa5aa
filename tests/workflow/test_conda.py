"""`--use-conda` as far as it goes without a channel: a stand-in for conda makes the environment.

Snakemake's own part is real: it finds `envs/sed.yaml`, hashes it, asks for the environment, drops
PYTHONPATH, activates it and runs the job.
"""

import re
import sys

import pytest

from tests.workflow_runner import ROOT, Clone

CONDA = """#!/bin/bash
case "$*" in
  "info --json") echo '{{"conda_prefix": "{base}", "platform": "linux-64"}}' ;;
  "--version") echo "conda 25.1.0" ;;
  "config --get"*) echo '{{"get": {{"channel_priority": "strict"}}}}' ;;
  "env create"*)
    while [ "$1" != --file ]; do shift; done
    cp "$2" {base}/asked.yaml
    mkdir -p "$4/bin" && cp {base}/python "$4/bin/python" ;;
  "clean"*) ;;
  *) echo "unexpected: conda $*" >&2; exit 2 ;;
esac
"""
PYTHON = """#!/bin/bash
echo "$CONDA_PREFIX | ${{PYTHONPATH-}} | $1" >> {base}/calls
exec {python} "$@"
"""
ACTIVATE = 'export CONDA_PREFIX="$1" PATH="$1/bin:$PATH"\n'


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    base = tmp_path_factory.mktemp("conda")
    (base / "bin").mkdir()
    (base / "bin/activate").write_text(ACTIVATE)
    for path, text in ((base / "bin/conda", CONDA), (base / "python", PYTHON)):
        path.write_text(text.format(base=base, python=sys.executable))
        path.chmod(0o755)
    return base


def test_a_job_runs_in_its_environment_and_finds_the_library(base, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(base / "bin"), prepend=":")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    clone = Clone.make(tmp_path / "clone", ["configs/mini.yaml", "configs/smoke.yaml"])
    done = clone.run("--use-conda", "--", "data/smoke/source/eval.json")
    assert done.returncode == 0, done.stdout
    assert (base / "asked.yaml").read_text() == (ROOT / "envs/sed.yaml").read_text()
    (environment,) = (clone.folder / ".snakemake/conda").glob("*/bin/python")
    name = environment.parts[-3]
    assert re.fullmatch(r"[0-9a-f]{32}_", name)
    calls = [line.split(" | ") for line in (base / "calls").read_text().splitlines()]
    assert all(prefix.endswith(name) for prefix, _, _ in calls)
    ((_, path, script),) = calls
    assert path == str(clone.folder)
    assert script == str(clone.folder / "workflow_scripts/synthesize.py")
