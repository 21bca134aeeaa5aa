"""Which files rules read and make, on the shipped configuration of the embedded data set."""

import json
from dataclasses import replace
from functools import reduce
from pathlib import Path

import pytest
import yaml

from sed_core.config.embedding_files import EmbeddingFiles
from sed_core.config.listing import command_options, listing
from sed_core.config.result_files import ResultFiles
from sed_core.config.systems import merge
from sed_core.config.workflow_plan import Plan

ROOT = Path(__file__).resolve().parents[3]
CHANGE = {
    "targets": ["crnn", "both"],
    "ensembles": {"both": ["crnn", "given"]},
    "systems": {"crnn": {"seeds": [1, 2]}, "given": {"checkpoint": "public.ckpt"}},
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    parts = [
        yaml.safe_load((ROOT / name).read_text()) for name in ("config.yaml", "configs/mini.yaml")
    ]
    parts[1]["postprocessing"] = {}
    return Plan.of(reduce(merge, [*parts, CHANGE]))


@pytest.fixture(scope="module")
def embeddings(plan) -> EmbeddingFiles:
    return EmbeddingFiles(plan.config)


@pytest.fixture(scope="module")
def files(plan, embeddings) -> ResultFiles:
    return ResultFiles(plan, embeddings)


def test_a_row_has_files_of_its_seeds_and_an_ensemble_of_its_members_seeds(files):
    mine = ["<results>/crnn/seed1/a.json", "<results>/crnn/seed2/a.json"]
    assert files.of_seeds("crnn", "a.json") == mine
    assert files.of_members("both", "a.json") == [*mine, "<results>/given/seed42/a.json"]
    assert files.of_seeds("both", "a.json") == ["<results>/both/seed0/a.json"]
    assert files.of_base("crnn+sebbs", "seed1/a.json") == mine[0]
    assert files.provenance("both", 0) == files.of_members("both", "provenance.json")
    assert files.provenance("crnn+sebbs", 1) == ["<results>/crnn+sebbs/seed1/provenance.json"]


@pytest.mark.parametrize(
    ("targets", "asked", "baseline"),
    [
        (["crnn"], None, None),
        (["crnn_strong", "crnn"], None, "crnn_strong"),
        (["both", "crnn"], None, None),
        (["crnn"], "energy_reference", "energy_reference"),
    ],
)
def test_energies_are_compared_with_the_first_target_or_the_one_asked_for(
    plan, targets, asked, baseline
):
    config = {**plan.config, "targets": targets, "energy": {"reference": asked}}
    assert replace(plan, config=config).energy_baseline == baseline


def test_what_is_given_was_not_trained_here(files):
    assert files.histories("given") == files.histories("both") == []
    assert len(files.histories("crnn")) == 2
    stages = {Path(path).name for path in files.energy("given")}
    assert stages == {"devtest.energy.json", "eval.energy.json"}


def test_everything_is_every_row_of_the_tables(files):
    made = files.everything()
    assert "<results>/both/devtest_psds.json" in made and "<results>/report.html" in made
    assert "<results>/crnn+sebbs/seed2/eval_events/student.tsv" in made
    assert not [path for path in made if "ast_frame" in path]


def test_embeddings_are_read_where_a_system_has_some(plan, embeddings):
    def read(system: str) -> list[str]:
        return embeddings.read(plan.systems[system], ["weak"])

    assert read("crnn") == []
    assert read("ast_e2e") == ["<data>/embeddings/ast/weights.json"]
    assert read("ast_aligned") == ["<data>/embeddings/ast/weak_aligned.h5"]
    assert embeddings.predicted_from(plan.systems["ast_e2e"], "eval") == []
    assert embeddings.energy(plan.systems["ast_e2e"]) == []
    assert len(embeddings.energy(plan.systems["ast_aligned"])) == 6


def test_derived_kinds_want_frames_and_no_gpu(embeddings):
    frames = ["<data>/embeddings/ast/weak_frame.h5"]
    assert embeddings.frames("ast", "aligned", "weak", ".h5") == frames
    assert embeddings.frames("ast", "frame", "weak", ".h5") == []
    assert embeddings.gpus("ast", "aligned", "weak") == 0
    assert embeddings.gpus("ast", "frame", "weak") == 1
    assert set(embeddings.entries("pretraining", given=True)) == {"ast", "panns"}


def test_options_of_weights_are_words_of_a_command(embeddings):
    assert embeddings.weights_options("yamnet").split()[::2] == ["--url", "--checksum"]
    assert embeddings.weights_options("ast") == ""


def test_jobs_and_notes_are_json(plan):
    assert json.loads(plan.trained_part("crnn"))["name"] == "crnn"
    assert json.loads(plan.tuning_job("crnn+sebbs"))["split"] == "synth_val"
    assert json.loads(plan.notes())["pretrained"]["yamnet"] == ""


def test_commands_of_the_listing_have_their_configuration(plan, tmp_path):
    options = command_options([tmp_path / "it's.yaml"], {"a": 1, "b": "x y"}, tmp_path)
    assert options == """ --configfile 'it'"'"'s.yaml' --config a=1 'b=x y'"""
    lines = listing(plan, " --configfile mini.yaml").splitlines()
    command = "snakemake --cores all results/mini/both/devtest_psds.json --configfile mini.yaml"
    assert [line for line in lines if line.startswith("both ")] == [f"both             {command}"]
