"""The configuration ends in a workflow or in one sentence."""

import pytest
import yaml

from tests.workflow_runner import Clone


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Clone:
    return Clone.make(tmp_path_factory.mktemp("clone") / "it's here (1)", own_code=False)


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
    rules = clone.run("-n", "results/beats_2023/devtest_psds.json")
    assert "data/desed/embeddings/beats/devtest_frame.h5" in rules.stdout  # aligned when it is read


def test_mini_is_another_tree_of_the_same_rules(clone):
    mini = Clone(clone.folder, ["configs/mini.yaml"])
    fetched = {"adopt", "download_archive", "download_clips"}
    made = {"synthesize", "pretrain_mini"}
    assert mini.planned() - made == clone.planned() - fetched
    assert "results/mini/crnn/" in mini.run("-n").stdout


def test_systems_are_listed(clone):
    """With commands that work as they are."""
    mini = Clone(clone.folder, ["configs/mini.yaml", "configs/smoke.yaml"])
    listing = mini.run("--quiet", "all", "--", "systems").stdout
    command = "snakemake --cores all results/smoke/both/devtest_psds.json"
    assert f"{command} --configfile configs/mini.yaml configs/smoke.yaml\n" in listing


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"defaults": {"training": {"batch_sise": [1, 1, 1]}}},
            "unknown key 'batch_sise' (did you mean 'batch_size'?)",
        ),
        (
            {"defaults": {"training": {"batch_size": [141, 4, 4]}}},
            "systems.crnn: the strong part of a batch takes 141 clips, but there are only 140",
        ),
        ({"datasets": {"mini": {"source": "flder"}}}, "datasets.mini.source: there is no 'flder'"),
    ],
)
def test_a_mistake_is_one_sentence(clone, change, sentence):
    """tests/unit/config/test_nonsense.py has all others, without Snakemake."""
    mini = Clone(clone.folder, ["configs/mini.yaml"])
    done = mini.override("typo.yaml", change).run("--dry-run")
    assert done.returncode != 0
    assert sentence in done.stdout
    assert "Traceback (most recent call last)" not in done.stdout


def test_a_misspelt_key_is_said_without_lines_of_the_workflow(clone):
    mini = Clone(clone.folder, ["configs/mini.yaml"])
    done = mini.override("typo.yaml", {"tagets": ["crnn"]}).run("--dry-run")
    assert done.returncode == 1
    assert "error: config: unknown key 'tagets' (did you mean 'targets'?)" in done.stdout
    assert ".smk" not in done.stdout and "<module>" not in done.stdout


def test_for_an_unknown_system_the_nearest_is_named(clone):
    done = clone.run("--dry-run", "results/crn/devtest_psds.json")
    assert done.returncode != 0
    assert "there is no system 'crn' among the " in done.stdout
    assert "Did you mean 'crnn'? `make systems` lists the targets." in done.stdout


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
                "resampler": "kaiser_best",
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
    assert "your DESED" not in done.stdout
