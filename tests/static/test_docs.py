"""The documentation keeps its word: links lead somewhere, commands run, messages exist."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.workflow_runner import Clone

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "results/README.md",
]
NEEDS = {"network", "gpu", "docker", "slurm", "conda", "data"}
SHELLS = {"sh", "bash", "shell", "console"}
COMMANDS = r"(?:make|snakemake|python|pip|sed|source|export|docker|apptainer|sbatch) "
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)
IN_REPOSITORY = {path.name for path in ROOT.iterdir() if path.is_dir()} - {
    *("data", "results", "logs", "checkpoints", "downloads", "missing_files", "build", "dist"),
}

# What a command means in a dry run: plan, but do nothing; and for a script, whether it has the
# options. Nothing stands for what a reader's shell does before.
DRY = r"""
snakemake() { command snakemake --dry-run --quiet rules "$@"; }
make() { command make --dry-run "$@"; }
source() { :; }
pip() { :; }
sedlab() { python -m sed_core "$@"; }
python() {
  local -a script=("$1"); [ "$1" != -m ] || script+=("$2"); [ "$2" != sed_core ] || script+=("$3")
  local help; help=$(command python "${script[@]}" --help) || return 1
  local word; for word in "${@:2}"; do
    [[ $word != --* ]] || grep -q -e "${word%%=*}\b" <<< "$help" || { echo "no $word"; return 1; }
  done
}
"""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    info: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}: {self.text.splitlines()[0][:50]}"


BLOCKS = [Block(page, *found) for page in PAGES for found in FENCE.findall(page.read_text())]
SHELL_BLOCKS = [block for block in BLOCKS if block.info.split() and block.info.split()[0] in SHELLS]


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """Anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.*)$", prose(page), re.M)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_every_page_can_be_reached():
    linked = set(
        re.findall(r"\]\((?:\.\./)?([\w.-]+\.md)\)", (ROOT / "docs/README.md").read_text())
    )
    assert linked >= {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert "docs/README.md" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_of_the_repository_exist(page):
    for name in re.findall(r"`([\w./*-]+)`", prose(page)):
        path = name.removeprefix("./")
        if path.split("/")[0] in IN_REPOSITORY and "/" in path:
            assert list(ROOT.glob(path.rstrip("/"))), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_says_how_it_is_checked(page):
    for block in BLOCKS:
        if block.page != page:
            continue
        if block in SHELL_BLOCKS:
            assert block.info.split()[1:], f"unmarked: {block}"
            assert set(block.info.split()[1:]) <= NEEDS | {"run", "dry-run"}, block.info
        elif not block.info:
            assert not re.match(COMMANDS, block.text), f"mark it as sh: {block}"
    assert not re.search(rf"^    \$? ?{COMMANDS}", prose(page), re.M), "commands belong in fences"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[Block, subprocess.CompletedProcess[str]]:
    """What became of every block that is run, each page in a clone of its own.

    Plans run one after the other, in forks that have loaded Snakemake; all else two at a time.
    """
    folder = tmp_path_factory.mktemp("docs")
    marked = [block for block in SHELL_BLOCKS if {"run", "dry-run"} & set(block.info.split())]
    for page in {block.page for block in marked}:
        clone = Clone.make(folder / page.stem, own_code=False).folder
        for path in (*ROOT.glob("requirements*.txt"), ROOT / "Makefile", ROOT / "pyproject.toml"):
            shutil.copy(path, clone)
        shutil.copytree(ROOT / "docs", clone / "docs", ignore=shutil.ignore_patterns("images"))
        for block in BLOCKS:
            name = re.match(r"# ([\w-]+\.yaml)\n", block.text)
            if block.page == page and block.info == "yaml" and name:
                (clone / name[1]).write_text(block.text)

    def run(block: Block) -> subprocess.CompletedProcess[str]:
        clone = folder / block.page.stem
        script = (DRY if "dry-run" in block.info else "") + block.text
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=clone,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(clone), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def plan(block: Block) -> subprocess.CompletedProcess[str]:
        clone = Clone(folder / block.page.stem, cores=None)
        for words in snakemake_words(block):
            done = clone.run("--dry-run", "--quiet", "rules", *words)
            if done.returncode:
                break
        return done

    plans = {block: plan(block) for block in marked if snakemake_words(block)}
    others = [block for block in marked if block not in plans]
    with ThreadPoolExecutor(2) as pool:
        return plans | dict(zip(others, pool.map(run, others), strict=True))


def snakemake_words(block: Block) -> list[list[str]]:
    """The commands of a block that asks for nothing but plans of Snakemake's; else nothing."""
    lines = [line for line in block.text.replace("\\\n", " ").splitlines() if line]
    fits = "dry-run" in block.info and all(line.startswith("snakemake ") for line in lines)
    return [shlex.split(line, comments=True)[1:] for line in lines if fits]


@pytest.mark.parametrize(
    "block",
    [block for block in SHELL_BLOCKS if {"run", "dry-run"} & set(block.info.split())],
    ids=str,
)
def test_commands_run(block, outcomes):
    assert outcomes[block].returncode == 0, outcomes[block].stdout[-2000:]


def test_the_picture_of_the_workflow_is_its_own():
    done = subprocess.run(
        [sys.executable, "docs/make_dag_figure.py", "--check"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_published_figures_are_those_of_the_tables():
    published = yaml.safe_load((ROOT / "sed_core/reporting/published_scores.yaml").read_text())[
        "systems"
    ]
    page = (ROOT / "docs/reproduce-the-paper.md").read_text()
    keys = ("psds1_dcase2022", "psds2_dcase2022", "intersection_f1", "collar_f1")
    for system in published[:3]:
        cells = [system[key] for key in (*keys, "training_kwh", "devtest_kwh", "network")]
        assert f"| {' | '.join(cells)} |" in page


def messages() -> str:
    """Every text of the code, a line each, with … for what is filled in."""
    lines = [(ROOT / "Makefile").read_text(), (ROOT / "rules/common.smk").read_text()]
    for file in (ROOT / "sed_core").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = (v.value if isinstance(v, ast.Constant) else "…" for v in node.values)
                lines.append("".join(map(str, parts)).replace("\n", " "))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                lines.append(node.value.replace("\n", " "))
    return "\n".join(lines)


def test_messages_are_those_of_the_code():
    page = (ROOT / "docs/troubleshooting.md").read_text().partition("## Snakemake itself")[0]
    known = messages()
    quoted = re.findall(r"^\| `([^`]+)` \|", page, re.M)
    assert len(quoted) > 40
    for message in quoted:
        pattern = re.escape(message.removeprefix("error: ")).replace("…", ".*")
        assert re.search(pattern, known), message


def test_the_site_builds_without_a_warning(tmp_path):
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        f"--site-dir={tmp_path}",
    ]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    pages = {page.stem for page in tmp_path.glob("*.html")} - {"404", "index"}
    assert pages >= {page.stem for page in (ROOT / "docs").glob("*.md")} - {"README"}
    for page in tmp_path.rglob("*.html"):
        fetched = re.findall(
            r'<(?:script|link|img)[^>]*(?:src|href)="(https?://[^"]+)"', page.read_text()
        )
        assert not fetched, page
