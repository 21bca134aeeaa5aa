"""What every rule must declare."""

import re
from pathlib import Path

import pytest

from sed_core.runtime.code_version import code_files, code_version, imported_files

ROOT = Path(__file__).resolve().parents[2]
RULES = {
    match[1]: match[2]
    for file in (ROOT / "rules").glob("*.smk")
    for match in re.finditer(r"^rule (\w+):\n((?:    .*\n|\n)+)", file.read_text(), re.M)
    if "    shell:" in match[2]  # the others only name what they collect
}
SCRIPTS = sorted((ROOT / "workflow_scripts").glob("*.py"))


def test_rules_are_found():
    assert {"resample", "train", "predict", "score", "tables"} <= set(RULES)


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_rule_is_documented_logged_and_versioned(name):
    body = RULES[name]
    assert body.lstrip().startswith('"""')
    for keyword in ("log:", "conda:", "shell:"):
        assert f"    {keyword}" in body, keyword
    script = re.search(r"workflow_scripts/(\w+)\.py ", body)[1]
    assert re.search(rf'code=\w+_(version|code)\("workflow_scripts/{script}\.py"', body)
    assert ":q}" in body, "paths must be quoted"


# Numbers, words that the schema checks, and options whose own part is quoted where they are made.
PLAIN = re.compile(
    r"threads|resources\.\w+|wildcards\.\w+|params\.("
    "also|annotated|annotations|batch|cut|embeddings|expected|frames|hop|kind|labels|metadata|network|options|precision|"
    "pseudo|published|rate|reference|rows|resampler|scores|seconds|seed|soft|sources|spec|splits|stage|start|"
    "steps|strong|test|"
    "unreadable|weak)"
)


@pytest.mark.parametrize("name", sorted(RULES))
def test_paths_and_texts_are_quoted(name):
    """A clone in `it's here (1)` runs; a name of somebody's own is no command."""
    command = RULES[name].partition("    shell:")[2]
    assert '"$SED_HOME"/workflow_scripts/' in command
    assert "$" not in command.replace('"$SED_HOME"', "")
    for bare in re.findall(r"\{([\w.]+)\}", command):
        assert PLAIN.fullmatch(bare), f"add :q to {bare}"


@pytest.mark.parametrize("name", ["train", "predict", "embed"])
def test_computing_rules_take_a_gpu_and_threads(name):
    for need in ("threads:", "gpu="):
        assert need in RULES[name]


@pytest.mark.parametrize(
    "name", sorted(set(RULES) - {"system_config"})
)  # runs where Snakemake does
def test_a_scheduler_learns_memory_and_time_of_every_rule(name):
    for need in ("mem_mb=", "runtime="):
        assert need in RULES[name]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_are_short(script):
    assert len(script.read_text().splitlines()) <= 70


def test_files_stay_small():
    for file in (ROOT / "sed_core").rglob("*.py"):
        assert len(file.read_text().splitlines()) <= 350, file
    for file in (ROOT / "rules").glob("*.smk"):
        assert len(file.read_text().splitlines()) <= 300, file


def test_a_name_is_enough_to_tell_a_file():
    names = [file.name for file in (ROOT / "sed_core").rglob("*.py")]
    assert not {name for name in names if names.count(name) > 1} - {"__init__.py", "__main__.py"}


def test_an_edit_is_seen_through_any_chain_of_imports():
    files = imported_files(ROOT / "workflow_scripts/train.py")
    assert ROOT / "sed_core/features/logmel.py" in files  # train -> fit -> module -> front end
    assert ROOT / "sed_core/reporting/scores_table.py" not in files
    assert code_version("workflow_scripts/train.py") == code_version("workflow_scripts/train.py")
    assert code_version("workflow_scripts/train.py") != code_version("workflow_scripts/score.py")


def test_a_training_depends_on_its_own_networks_alone():
    encoders = {"ast", "beats", "panns"}
    for used in (set(), {"panns"}):
        files = code_files("workflow_scripts/train.py", entries={"crnn", *used})
        found = {name for name in encoders if f"sed_core/features/embeddings/{name}.py" in files}
        assert found == used
        assert "sed_core/models/crnn.py" in files
