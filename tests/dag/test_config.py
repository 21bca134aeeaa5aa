"""The configuration ends in a workflow or in one sentence."""

import re

import pytest
import yaml

from sed_core.runtime import config
from sed_core.runtime.errors import SedError
from sed_core.runtime.rows import rows
from tests.workflow_runner import ROOT, Clone


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Clone:
    return Clone.make(tmp_path_factory.mktemp("clone"))


def test_desed_is_planned_without_any_data(clone):
    assert clone.planned() >= {
        "download_archive",
        "download_clips",
        "adopt",
        "resample",
        "ground_truth",
        "train",
        "score",
        "tables",
    }


def test_one_target_needs_only_its_system(clone):
    rules = clone.run("-n", "results/crnn/devtest_psds.json")
    assert rules.returncode == 0
    assert "crnn_strong" not in rules.stdout
    assert "audio16k/strong.h5" not in rules.stdout


def test_a_system_of_an_added_encoder_is_planned_like_any_other(clone):
    rules = clone.run("-n", "results/beats_aligned/devtest_psds.json")
    assert rules.returncode == 0
    assert "data/desed/embeddings/beats/devtest_aligned.h5" in rules.stdout


def test_mini_is_another_tree_of_the_same_rules(clone):
    mini = Clone(clone.folder, ["configs/mini.yaml"])
    fetched = {"adopt", "download_archive", "download_clips"}
    made = {"synthesize", "pretrain_mini"}
    assert mini.planned() - made == clone.planned() - fetched
    assert "results/mini/crnn/" in mini.run("-n").stdout


def test_systems_are_listed(clone):
    listing = clone.run("--quiet", "all", "--", "systems").stdout
    assert "snakemake --cores all results/crnn_strong/devtest_psds.json" in listing


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"defaults": {"training": {"batch_sise": [1, 1, 1]}}},
            "unknown key 'batch_sise' (did you mean 'batch_size'?)",
        ),
        ({"defaults": {"opt": {"lr": "fast"}}}, "opt.lr: 'fast' is not of type 'number'"),
        ({"dataset": "desedd"}, "dataset 'desedd' is not defined"),
        ({"systems": {"mine": {"data": {"strong": ["stong"]}}}}, "data names split 'stong'"),
        ({"targets": ["crnn", "crn"]}, "targets: there is no system 'crn'"),
        ({"energy": {"reference": "crn"}}, "energy.reference: there is no system 'crn'"),
        (
            {"systems": {"mine": {"pretrained": {"model": "pans"}}}},
            "no pretrained network 'pans'; there is ast, panns, beats. Did you mean 'panns'?",
        ),
        (
            {"defaults": {"net": {"dropuot": 0.3}}},
            "unknown key 'dropuot' (did you mean 'dropout'?)",
        ),
        (
            {"systems": {"mine": {"pretrained": {"model": "ast", "freezed": False}}}},
            "systems.mine: pretrained.freezed is false, but embeddings from files cannot",
        ),
        ({"systems": {"mine": {"pretrained": {"e2e": True}}}}, "pretrained.model names no network"),
        (
            {
                "systems": {
                    "mine": {
                        "pretrained": {"model": "ast", "mixup": True},
                        "training": {"mixup": None},
                    }
                }
            },
            "systems.mine: pretrained.mixup is true, but training.mixup is null",
        ),
        ({"compute": {"gpu": 1}}, "unknown key 'gpu' (did you mean 'gpus'?)"),
    ],
)
def test_a_typo_is_one_sentence(change, sentence):
    """As `rules/common.smk` reads the configuration; the next test sees it end Snakemake."""
    asked = config.merge(yaml.safe_load((ROOT / "config.yaml").read_text()), change)
    schema = yaml.safe_load((ROOT / "schemas/config.schema.yaml").read_text())
    with pytest.raises(SedError, match=re.escape(sentence)) as error:
        rows(asked, config.systems(asked, schema))
    assert "\n" not in str(error.value)


def test_a_typo_ends_the_run_with_its_sentence(clone):
    done = clone.override("typo.yaml", {"compute": {"gpu": 1}}).run("--dry-run")
    assert done.returncode != 0
    assert "unknown key 'gpu' (did you mean 'gpus'?)" in done.stdout
    assert "Traceback" not in done.stdout


def test_an_unknown_system_names_those_that_exist(clone):
    done = clone.run("--dry-run", "results/crn/devtest_psds.json")
    assert done.returncode != 0
    assert "there is no system 'crn'; there is crnn," in done.stdout
    assert " crnn_strong," in done.stdout
    assert "Did you mean 'crnn'?" in done.stdout


def test_a_system_for_other_splits_is_no_obstacle(clone):
    """`crnn_strong` wants real strong labels; a data set without them can have the others."""
    splits = yaml.safe_load((clone.folder / "config.yaml").read_text())["datasets"]["desed"][
        "splits"
    ]
    bare = {
        "dataset": "bare",
        "datasets": {
            "bare": {
                "root": "nowhere",
                "source": "folder",
                "classes": ["Robin"],
                "clip_seconds": 5,
                "sample_rate": 16000,
                "unreadable": "error",
                "published": False,
                "splits": {name: split for name, split in splits.items() if name != "strong"},
            }
        },
        "targets": ["crnn"],
    }
    asked = clone.override("bare.yaml", bare)
    assert asked.run("--", "systems").returncode == 0
    done = asked.run("--dry-run", "results/crnn_strong/devtest_psds.json")
    assert done.returncode != 0
    assert "systems.crnn_strong: data names split 'strong', but data set 'bare' has" in done.stdout


def test_a_data_set_without_an_evaluation_set(clone):
    bare = clone.override("bare.yaml", {"defaults": {"data": {"eval": None}}})
    done = bare.run("--dry-run")
    assert done.returncode == 0, done.stdout
    assert "audio16k/eval.h5" not in done.stdout and "/eval" not in done.stdout
    assert "devtest_psds.json" in done.stdout


def test_absent_data_says_what_to_do(clone):
    done = clone.run("data/desed/manifests/weak.tsv", SED_DATA="nowhere")
    assert done.returncode != 0
    assert "split 'weak': there is no folder nowhere/audio/train/weak" in done.stdout
    assert "SED_DATA" in done.stdout
