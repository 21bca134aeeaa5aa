"""What `pip install .` gives: all files of `sed_core`, its dependencies, a command, one version."""

import ast
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import sed_core
from sed_core.__main__ import COMMANDS
from sed_core.runtime.code_version import imported_files

ROOT = Path(__file__).resolve().parents[2]
NAMED_BY_A_STRING = {"nvidia-ml-py", "tensorboard"}  # an importlib call; Lightning's logger
# Imported where the extra `export` or `serve` is installed.
EXTRAS = {"onnx", "onnxruntime", "onnxscript", "starlette", "uvicorn"}
LIVE = {"paho-mqtt", "sounddevice"}
"""Imported by name where `sedlab listen` is asked for it; a pin would need PortAudio."""
NEEDS_A_COMPILER = {"sed-scores-eval"}  # imported where it is there; the extra `check`

# Run by name: by the Makefile, or by mypy and pytest as plug-ins.
TOOLS = {
    *("ruff", "mypy", "import-linter", "snakefmt", "pytest", "pytest-xdist"),
    *("pandas-stubs", "types-PyYAML", "types-tqdm", "mkdocs-material"),
}


def locked(file: str = "requirements.txt") -> dict[str, str]:
    pins = [line.split("==") for line in (ROOT / file).read_text().splitlines()]
    return {canonicalize_name(pin[0]): pin[1] for pin in pins if len(pin) == 2}


def imported(*folders: str, optional: bool = False) -> set[str]:
    """Distributions that the Python files of some folders import; `optional`: that are there."""
    files = (file for folder in folders for file in (ROOT / folder).rglob("*.py"))
    return imported_by(files, optional=optional)


def imported_by(files: Iterable[Path], *, optional: bool = False) -> set[str]:
    names = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    owners = importlib.metadata.packages_distributions()
    if optional:
        names &= set(owners)
    foreign = names - sys.stdlib_module_names - {"sed_core"}
    return {canonicalize_name(owners[name][0]) for name in foreign}


def requirements() -> dict[str, dict[str, Requirement]]:
    """The extras of `pyproject.toml` and, as "", what everybody gets: name -> requirement."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = {"": project["dependencies"], **project["optional-dependencies"]}
    return {
        extra: {canonicalize_name(one.name): one for one in map(Requirement, texts)}
        for extra, texts in lists.items()
    }


def test_everybody_gets_what_the_commands_import_and_the_rest_is_an_extra():
    mains = [f"sed_core/{module.replace('.', '/')}.py" for *_, module in COMMANDS.values()]
    files = set().union(*(imported_files(ROOT / main) for main in mains))
    base, *extras = (set(names) for names in requirements().values())
    optional = set().union(*extras)
    commands = imported_by(path for path in files if path.suffix == ".py")
    assert base == commands - optional, "what a command does without is in an extra, the rest not"
    assert not base & optional
    assert optional - {"snakemake"} - LIVE == (imported("sed_core") | NAMED_BY_A_STRING) - base


def test_requirements_begin_at_the_locked_versions():
    pins = locked() | locked("requirements-check.txt") | locked("requirements-dev.txt")
    for names in requirements().values():
        for name, requirement in names.items():
            if name in LIVE - set(pins):
                continue
            (bound,) = requirement.specifier
            assert requirement.specifier.contains(pins[name]), requirement
            assert pins[name].startswith(bound.version), f"{requirement} begins before {pins[name]}"


def test_the_environment_of_the_rules_is_valid_and_complete():
    environment = yaml.safe_load((ROOT / "envs/sed.yaml").read_text())
    assert set(environment) == {"name", "channels", "dependencies"}
    *conda, pip = environment["dependencies"]
    assert all(isinstance(name, str) for name in conda) and "pip" in conda
    pins = dict(pin.split("==") for pin in pip["pip"])
    names = {canonicalize_name(name): version for name, version in pins.items()}
    assert names.items() <= (locked() | locked("requirements-check.txt")).items()
    used = imported("sed_core", "workflow_scripts") - EXTRAS
    assert set(names) >= used | NAMED_BY_A_STRING
    assert "cxx-compiler" in conda, NEEDS_A_COMPILER


def needed(names: set[str]) -> set[str]:
    """These distributions and all that they require on this machine, extras included."""
    found, todo = set(), [Requirement(name) for name in names]
    while todo:
        wanted = todo.pop()
        key = (canonicalize_name(wanted.name), *sorted(wanted.extras))
        if key in found:
            continue
        found.add(key)
        for text in importlib.metadata.requires(wanted.name) or []:
            one = Requirement(text)
            if not one.marker or any(
                one.marker.evaluate({"extra": extra}) for extra in ("", *wanted.extras)
            ):
                todo.append(one)
    return {name for name, *_ in found}


def test_nothing_is_pinned_that_nothing_uses():
    run = imported("sed_core", "workflow_scripts") - EXTRAS | NAMED_BY_A_STRING | {"snakemake"}
    assert set(locked()) <= needed(run)
    develop = run | EXTRAS | imported("tests", "benchmarks", optional=True) | TOOLS
    check, extra = set(locked("requirements-check.txt")), set(locked("requirements-dev.txt"))
    assert check == needed(NEEDS_A_COMPILER) - needed(run - NEEDS_A_COMPILER)
    assert extra <= needed(develop)
    assert not extra & check and not (extra | check) & set(locked())
    extra |= check
    assert needed(develop) - {"pip", "sed-core"} <= extra | set(locked())


def test_every_place_has_the_same_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == sed_core.__version__
    releases = re.findall(r"^## (\d\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert releases[0] == sed_core.__version__


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy, because building leaves folders beside the sources."""
    if not importlib.util.find_spec("pip"):
        pytest.skip("no pip in this environment")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "sed_core", source / "sed_core", ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip("wheel", str(source), "--no-build-isolation", f"--wheel-dir={folder}")
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    pip("install", str(wheel), f"--target={folder}")
    return folder


def pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", *words, "--no-deps", "--no-index", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_wheel_holds_every_file(wheel):
    own = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "sed_core").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
        licences = [name for name in archive.namelist() if name.endswith("LICENSE")]
    assert packed == own
    assert licences
    assert wheel.name.startswith(f"sed_core-{sed_core.__version__}-")


def test_the_command_runs_outside_the_repository(installed, tmp_path):
    (tmp_path / "truth.tsv").write_text("filename\tonset\toffset\tevent_label\na.wav\t0\t1\tDog\n")
    (tmp_path / "durations.tsv").write_text("filename\tduration\na.wav\t10\n")
    (tmp_path / "found.tsv").write_text("event_label\tonset\toffset\tfilename\nDog\t0\t1\ta.wav\n")
    env = {**os.environ, "PYTHONPATH": str(installed)}
    where = [sys.executable, "-c", "import sed_core; print(sed_core.__file__)"]
    score = [installed / "bin/sedlab", "score", "found.tsv", "--truth=truth.tsv"]
    for command, expected in (
        (where, str(installed)),
        ([installed / "bin/sedlab", "--help"], f"sed_core {sed_core.__version__}"),
        ([installed / "bin/sedlab", "predict", "--help"], "a model.pt of the workflow"),
        ([*score, "--durations=durations.tsv"], "1 of 1 clips"),
    ):
        done = subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout
