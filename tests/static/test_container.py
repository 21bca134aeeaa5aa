"""What can be known of the container image without building it."""

import json
import re
from pathlib import Path

import pytest
from snakemake.cli import get_argument_parser

from tests.workflow_runner import MORE, PARTS, ROOT

TEXT = (ROOT / "Dockerfile").read_text()
APPTAINER = (ROOT / "apptainer.def").read_text()
IGNORE = (ROOT / ".dockerignore").read_text().splitlines()
KEPT = {line[1:] for line in IGNORE if line.startswith("!")}


def instructions(text: str) -> list[tuple[str, str]]:
    """Word and rest of each instruction, continuation lines joined."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


ALL = instructions(TEXT)
STARTS = [index for index, (word, _) in enumerate(ALL) if word == "FROM"]
FINAL = ALL[STARTS[-1] :]


def rests(word: str, among: list[tuple[str, str]] = ALL) -> list[str]:
    return [rest for name, rest in among if name == word]


def last(word: str) -> str:
    return rests(word, FINAL)[-1]


def test_the_image_gets_what_the_workflow_runs_on_and_nothing_else():
    assert "*" in IGNORE
    assert {*PARTS, *MORE, "requirements.txt", "requirements-check.txt", "LICENSE"} == KEPT
    for name in KEPT:
        assert (ROOT / name).exists(), name
    assert "COPY" in dict(FINAL)
    assert ". /opt/sed" in rests("COPY", FINAL)


def test_copied_files_exist_and_reach_the_build():
    for rest in rests("COPY"):
        words = rest.split()
        if words[0].startswith("--from"):
            continue
        for name in words[:-1]:
            assert (ROOT / name).exists()
            assert name == "." or Path(name).parts[0] in KEPT


def test_an_edit_of_the_sources_installs_nothing_anew():
    install = next(i for i, (_, rest) in enumerate(ALL) if "pip install" in rest)
    earlier = [rest.split()[:-1] for word, rest in ALL[:install] if word == "COPY"]
    assert earlier == [["requirements.txt", "requirements-check.txt"]]


def test_no_user_of_the_host_and_no_root():
    user, _, group = last("USER").partition(":")
    assert user.isdigit() and int(user) > 0  # a number: Kubernetes' runAsNonRoot reads no names
    assert group.isdigit() and int(group) > 0


def test_no_setting_of_the_build_machine_stays():
    names = set(re.findall(r"(\w+)=", " ".join(rests("ENV"))))
    assert names == {"PATH", "HOME", "USER", "NVIDIA_DRIVER_CAPABILITIES"}
    assert {"PIP_CERT", "PIP_FIND_LINKS"} <= set(" ".join(rests("ARG")).split())
    assert not any("PIP" in rest for word, rest in FINAL if word != "RUN")
    assert not re.search(r"https?://|token|password|secret", TEXT, re.I)


def test_the_entry_point_runs_any_target_under_an_init():
    entry = json.loads(last("ENTRYPOINT"))
    assert entry[:4] == ["tini", "-g", "--", "snakemake"]
    assert " tini" in " ".join(rests("RUN"))
    parser = get_argument_parser()
    target = "results/crnn/devtest_psds.json"
    asked = parser.parse_args([*entry[4:], target])
    assert set(asked.targets) == {target}
    assert str(asked.directory) == last("VOLUME")
    assert parser.parse_args([*entry[4:], "--cores", "2"]).cores == 2
    assert not parser.parse_args(entry[4:]).targets
    assert last("WORKDIR") == "/opt/sed"  # where --configfile configs/mini.yaml is


def test_labels():
    assert {"title", "description", "licenses", "revision"} <= set(
        re.findall(r"org\.opencontainers\.image\.(\w+)=", last("LABEL"))
    )


def test_the_apptainer_recipe_makes_the_same_image():
    default = re.search(r"ARG BASE_IMAGE=(\S+)", TEXT)[1]
    assert f"From: {default}\n" in APPTAINER
    files = APPTAINER.partition("%files\n")[2].partition("\n\n")[0].splitlines()
    pairs = [line.split() for line in files]
    assert {source for source, _ in pairs} == KEPT
    assert all(target == f"/opt/sed/{source}" for source, target in pairs)


def test_the_psds_is_checked_in_the_image_too():
    """Its tool needs a compiler where it is installed, and no more where it runs."""
    built = ALL[STARTS[-2] : STARTS[-1]]
    installs = [i for i, (_, rest) in enumerate(built) if "-r /tmp/requirements-check.txt" in rest]
    assert any("g++" in rest for rest in rests("RUN", built[: installs[0]]))
    assert not any("g++" in rest for rest in rests("RUN", FINAL))
    assert "g++" in APPTAINER and "-r /opt/sed/requirements-check.txt" in APPTAINER


@pytest.mark.parametrize("page", ["containers.md", "clusters.md"])
def test_the_page_names_files_that_exist(page):
    text = (ROOT / "docs" / page).read_text()
    for name in re.findall(r"(?<![\w/])(?:configs|profiles|docs|tests)/[\w./-]+\w", text):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"\]\(([\w./-]+\.md)", text):
        assert (ROOT / "docs" / name).exists(), name
