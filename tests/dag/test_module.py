"""The workflow as a module of somebody else's: from a clone, and from a hosting service."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.workflow_runner import ROOT, Clone

TARGET = "results/mini/crnn/devtest_psds.json"


@pytest.fixture(scope="module")
def workflow(tmp_path_factory) -> Clone:
    return Clone.make(tmp_path_factory.mktemp("hub") / "lab/sed", ["configs/mini.yaml"])


@pytest.fixture(scope="module")
def planned(workflow) -> set[str]:
    return workflow.planned("--", TARGET)


@pytest.fixture
def deployed(tmp_path) -> Clone:
    """A folder as snakedeploy leaves it, but for `source` of the module."""
    (tmp_path / "workflow").mkdir()
    shutil.copytree(ROOT / "config", tmp_path / "config")
    shutil.copy(ROOT / "configs/mini.yaml", tmp_path / "config/config.yaml")
    return Clone(tmp_path)


def use(deployed: Clone, source: str) -> None:
    (deployed.folder / "workflow/Snakefile").write_text(
        'configfile: "config/config.yaml"\n'
        f"module sed:\n    snakefile: {source}\n    config: config\n"
        "use rule * from sed\n"
    )


def test_a_clone_is_a_module(workflow, planned, deployed):
    use(deployed, repr(str(workflow.folder / "Snakefile")))
    assert deployed.planned("--", TARGET) == planned


def test_a_hosted_repository_is_a_module(workflow, planned, deployed, tmp_path):
    """Snakemake fetches rule files alone; scripts and package come in an unpacked copy."""
    git("init", "--quiet", "--initial-branch=main", cwd=workflow.folder)
    git("add", "--all", cwd=workflow.folder)
    git("commit", "--quiet", "--message=all", cwd=workflow.folder)
    use(deployed, 'github("lab/sed", path="Snakefile", branch="main")')
    done = deployed.run("--dry-run", "--", TARGET, **served(workflow, tmp_path))
    assert done.returncode == 0, done.stdout
    assert all(rule in done.stdout for rule in planned)
    (copy,) = (deployed.folder / ".snakemake/sed").iterdir()
    assert (copy / "workflow_scripts/train.py").exists()


def test_the_deployed_start_is_a_configuration(workflow):
    start = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    assert start["dataset"] == yaml.safe_load((ROOT / "config.yaml").read_text())["dataset"]


def git(*words: str, cwd: Path) -> None:
    who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    subprocess.run(["git", *who, *words], cwd=cwd, check=True)


def served(workflow: Clone, cache: Path) -> dict[str, str]:
    """An environment in which the folder `hub` is all there is at the hosting service."""
    hub = workflow.folder.parents[1]
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{hub}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
        "XDG_CACHE_HOME": str(cache),
    }
