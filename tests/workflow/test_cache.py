"""Snakemake's cache between workflows: a second working copy links what the first one computed.

The rules, their keys and the cache are real; scripts only write a new random text into each of
their outputs, so that equal content can come from the cache alone.
"""

from pathlib import Path

import pytest

from tests.workflow_runner import Clone

SMOKE = ["configs/mini.yaml", "configs/smoke.yaml"]
TAUGHT = "data/smoke/pretrained/panns.pth"
FRAME, GLOBAL = (f"data/smoke/embeddings/panns/eval_{kind}.h5" for kind in ("frame", "global"))
OUTPUTS = {
    "synthesize": ["--receipt"],
    "resample": ["--manifest", "--corpus"],
    "ground_truth": ["--truth", "--durations", "--report"],
    "pretrain_mini": ["--output"],
    "weights": ["--receipt"],
    "embed": ["--output", "--energy", "--kwh"],
}
SCRIPT = """
import pathlib, sys, uuid
for option in {options}:
    pathlib.Path(sys.argv[sys.argv.index(option) + 1]).write_text(str(uuid.uuid4()))
"""


class Copy:
    """A working copy that uses a cache."""

    def __init__(self, folder: Path, cache: Path):
        self.clone = Clone.make(folder, SMOKE)
        self.cache = str(cache)
        for name, options in OUTPUTS.items():
            script = folder / f"workflow_scripts/{name}.py"
            script.write_text(SCRIPT.format(options=options))

    def run(self, *words: str) -> set[str]:
        """Run Snakemake; the files that were computed and put into the cache."""
        done = self.clone.run("--cache", *words, SNAKEMAKE_OUTPUT_CACHE=self.cache)
        assert done.returncode == 0, done.stdout[-3000:]
        lines = [line for line in done.stdout.splitlines() if line.startswith("Moving output")]
        return {line.removeprefix("Moving output file ").split()[0] for line in lines}

    def text(self, name: str) -> str:
        return (self.clone.folder / name).read_text()


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copies")
    (folder / "cache").mkdir()
    copy = Copy(folder / "first", folder / "cache")
    assert copy.run("--", FRAME) >= {TAUGHT, FRAME, FRAME.replace(".h5", ".energy.json")}
    return copy


def test_a_second_copy_takes_what_the_first_one_computed(first):
    second = Copy(first.clone.folder.with_name("second"), Path(first.cache))
    assert second.run("--", FRAME) == set()
    for name in (TAUGHT, FRAME, FRAME.replace(".h5", ".energy.json")):
        assert second.text(name) == first.text(name)
    assert second.text("data/smoke/audio16k/eval.h5") != first.text("data/smoke/audio16k/eval.h5")


def test_what_decides_is_part_of_the_key(first):
    """Kind and encoder, which as wildcards would not count, and the parameters of rules before."""
    third = Copy(first.clone.folder.with_name("third"), Path(first.cache))
    others = [GLOBAL, FRAME.replace("panns", "ast")]
    assert third.run("--", *others) >= {*others, TAUGHT.replace("panns", "ast")}
    change = {"embeddings": {"panns": {"pretraining": {"steps": 3}}}}
    third.clone = third.clone.override("steps.yaml", change)
    assert third.run("--", FRAME) >= {FRAME, TAUGHT}
    assert len({third.text(name) for name in (FRAME, *others)} | {first.text(FRAME)}) == 4


def test_nothing_is_cached_that_is_yet_to_be_downloaded(first):
    """The key would be the same whatever clips there are in the end."""
    rules = first.clone.folder / "rules/embed.smk"
    rules.write_text(f"{rules.read_text()}\nprint('CACHED', CACHED)\n")
    desed = Clone(first.clone.folder)
    words = ("--cache", "-n", "--", "data/desed/truth/weak.tsv")
    assert "CACHED False" in desed.run(*words, SNAKEMAKE_OUTPUT_CACHE=first.cache).stdout
    owned = desed.run(*words, SNAKEMAKE_OUTPUT_CACHE=first.cache, SED_DATA="anywhere")
    assert "CACHED True" in owned.stdout
