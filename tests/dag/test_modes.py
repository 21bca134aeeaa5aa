"""Run modes as configuration: what would run, without running it."""

import re

import pytest

from tests.workflow_runner import Clone

MINI = ["configs/mini.yaml"]


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Clone:
    return Clone.make(tmp_path_factory.mktemp("modes"), MINI, own_code=False)


def with_system(clone: Clone, name: str, **system) -> Clone:
    return clone.override(f"{name}.yaml", {"systems": {"mine": system}})


@pytest.fixture(scope="module")
def given(clone) -> Clone:
    (clone.folder / "public.ckpt").write_bytes(b"")
    return with_system(clone, "given", checkpoint="public.ckpt")


def test_a_given_checkpoint_is_scored_without_training(given):
    rules = given.planned("--", "results/mini/mine/devtest_psds.json")
    assert {"take_checkpoint", "predict", "score", "aggregate"} <= rules
    assert "train" not in rules


def test_a_given_checkpoint_hears_the_evaluation_set(given):
    """Its audio is resampled, no annotation is asked for, student and teacher have their files."""
    folder = "results/mini/mine/seed42"
    rules = given.planned(
        "--",
        f"{folder}/eval_events/teacher.tsv",
        f"{folder}/eval_predictions/teacher",
        f"{folder}/eval_codecarbon/eval_tot_kwh.txt",
    )
    assert {"resample", "take_checkpoint", "predict", "detect", "detect_all"} <= rules
    assert not {"train", "ground_truth", "score"} & rules


def test_tables_and_plots_work_with_a_given_checkpoint(given):
    rules = given.planned(
        "--",
        "results/mini/tables/scores.md",
        "results/mini/mine/plots/curves.svg",
        "results/mini/plots/energy.svg",
        "results/mini/data/check.md",
    )
    wanted = {"tables", "plots", "report", "check_data", "train", "take_checkpoint"}
    assert wanted <= rules  # the others train


def test_a_checkpoint_has_one_seed(clone):
    asked = with_system(clone, "twice", checkpoint="public.ckpt", seeds=[1, 2])
    done = asked.run("--dry-run")
    assert done.returncode != 0
    assert "systems.mine: one checkpoint is given for 2 seeds; give it one seed" in done.stdout


def test_each_seed_trains_in_its_own_job(clone):
    seeds = with_system(clone, "seeds", seeds=[1, 2, 3])
    done = seeds.run("--dry-run", "--quiet", "rules", "--", "results/mini/mine/devtest_psds.json")
    jobs = dict(line.split()[:2] for line in done.stdout.splitlines() if len(line.split()) == 2)
    assert [jobs[rule] for rule in ("train", "predict", "score")] == ["3", "3", "3"]
    assert jobs["aggregate"] == jobs["system_config"] == "1"


def test_starting_networks_are_an_input(clone):
    asked = with_system(clone, "start", training={"resume_from": "absent.ckpt"})
    done = asked.run("--dry-run", "results/mini/mine/seed42/model.pt")
    assert done.returncode != 0
    assert "absent.ckpt" in done.stdout


def test_a_second_stage_starts_from_the_first_ones_networks(clone):
    asked = with_system(clone, "stages", training={"start_from": "crnn_supervised"})
    done = asked.run("--dry-run", "-p", "results/mini/mine/seed42/model.pt")
    assert "--start results/mini/crnn_supervised/seed42/model.pt" in done.stdout


def test_unlabelled_clips_train_with_what_other_systems_hear_in_them(clone):
    labelled = {"strong": ["synth", "unlabelled"], "unlabelled": None}
    asked = with_system(
        clone,
        "pseudo",
        data={**labelled, "pseudo_from": ["crnn", "crnn_supervised"], "pseudo_sharpen": 2.0},
        training={"batch_size": [12, 4, 0]},
    )
    done = asked.run("--dry-run", "-p", "results/mini/mine/seed42/model.pt")
    scores = [
        f"results/mini/{system}/seed{seed}/unlabelled_scores.h5"
        for system in ("crnn", "crnn_supervised")
        for seed in (42, 43)
    ]
    assert f"pseudo_labels.py {' '.join(scores)} --made-by" in done.stdout
    assert (
        "--sharpen 2.0 --floor 0.1 --labels results/mini/mine/unlabelled_pseudo_labels.tsv"
        in done.stdout
    )
    assert done.stdout.count(" --pseudo-labels results/mini/mine ") == 1, "the one that learns"
    assert re.search(r"^train +5$", done.stdout, re.M), "four that label, one that learns"


def test_fast_development_run_has_its_own_tree(clone):
    fast = Clone(clone.folder, [*MINI, "configs/fast_dev_run.yaml"])
    assert "train" in fast.planned("--", "results/fast_dev_run/crnn/devtest_psds.json")


def test_another_output_folder(clone):
    moved = clone.override("moved.yaml", {"pathvars": {"results": "elsewhere/out"}})
    assert "score" in moved.planned("--", "elsewhere/out/crnn/seed42/devtest_psds.json")


def test_energy_reference_trains_the_baseline_in_short(clone):
    rules = clone.planned("--", "energy_reference")
    assert {"train", "predict", "energy_reference"} <= rules
    assert not {"score", "tables"} & rules


def test_a_target_trains_nothing_else_unless_energies_are_compared_with_another(clone):
    alone = {"targets": ["crnn_strong"], "postprocessing": {"sebbs": {"systems": []}}}
    compared = {**alone, "energy": {"reference": "energy_reference"}}
    for change, trained in ((compared, 2), (alone, 1)):
        asked = clone.override("alone.yaml", change)
        done = asked.run("--dry-run", "--quiet", "rules", "--", "results/mini/tables/energy.md")
        assert re.search(rf"^train +{trained}$", done.stdout, re.M), done.stdout


@pytest.mark.parametrize(("gpus", "devices"), [(0, "0"), (2, "2")])
def test_devices(clone, gpus, devices):
    """Training takes all GPUs it is given, prediction one."""
    asked = clone.override(f"gpus{gpus}.yaml", {"compute": {"gpus": gpus}})
    done = asked.run(
        "--dry-run", "-p", "--resources", "gpu=2", "--", "results/mini/crnn/devtest_psds.json"
    )
    lines = [line for line in done.stdout.splitlines() if "--gpus" in line]
    train, predict = (next(x for x in lines if f"/{name}.py" in x) for name in ("train", "predict"))
    assert f"--gpus {devices} " in train
    assert f"--gpus {min(1, gpus)} " in predict
