"""The whole workflow on a few clips, in a clone: once, then again, then after changes."""

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

from sed_core.runtime.code_version import imported_files
from tests.workflow_runner import ROOT, Clone

pytestmark = pytest.mark.slow
SMOKE = ["configs/mini.yaml", "configs/smoke.yaml"]
RESULTS = Path("results/smoke")
SCORING = {
    "tune",
    "postprocess",
    "detect",
    "score",
    "aggregate",
    "compare",
    "plots",
    "report",
    "tables",
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Clone:
    made = Clone.make(tmp_path_factory.mktemp("smoke"), SMOKE)
    done = made.run("--quiet", "rules", PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0, done.stdout[-5000:]
    return made


def test_everything_is_there(clone):
    results = clone.folder / RESULTS
    for system in ("crnn", "ast_aligned", "crnn+sebbs", "both"):
        scores = json.loads((results / system / "devtest_psds.json").read_text())
        assert scores["system"] == system
        assert scores["coverage"]["devtest"] == {"present": 6, "expected": 6}
        assert 0 <= scores["summary"]["psds1_exact"]["mean"] <= 1
        if system not in ("crnn", "ast_aligned"):
            continue
        for plot in ("curves", "roc", "bars"):
            assert "<svg" in (results / system / "plots" / f"{plot}.svg").read_text()
        seed = results / system / "seed42"
        for stage in ("training", "devtest", "eval"):
            assert json.loads((seed / f"{stage}.energy.json").read_text())["kwh"] > 0
            assert float((seed / f"{stage}_codecarbon/{stage}_tot_kwh.txt").read_text()) > 0
        header = (seed / "eval_events/teacher.tsv").read_text().splitlines()[0]
        assert header.split("\t") == ["event_label", "onset", "offset", "filename"]
    assert "<h1>Results on mini</h1>" in (results / "report.html").read_text()
    table = (results / "tables/scores.md").read_text()
    assert "ast_aligned" in table


def test_results_say_where_they_come_from(clone):
    seed = clone.folder / RESULTS / "crnn/seed42"
    provenance = json.loads((seed / "devtest_psds.json").read_text())["provenance"]
    assert provenance["seed"] == 42
    assert provenance["coverage"]["weak"] == {"present": 10, "expected": 10}
    assert set(provenance["inputs"]) >= {"audio16k/synth", "truth/weak"}
    assert re.fullmatch(r"[0-9a-f]{12}", provenance["code_version"])
    assert provenance["packages"]["torch"]


def test_a_second_round_trains_with_labels_of_the_first(clone):
    labelled = {"strong": ["synth", "unlabelled"], "unlabelled": None}
    second = {
        "data": {**labelled, "pseudo_from": ["crnn"], "pseudo_floor": 0.01},
        "training": {"batch_size": [3, 1, 0]},
    }
    asked = clone.override("second.yaml", {"systems": {"crnn_second": second}})
    done = asked.run("--quiet", "rules", "--", "results/smoke/crnn_second/seed42/model.pt")
    assert done.returncode == 0, done.stdout[-5000:]
    labels = clone.folder / RESULTS / "crnn_second/unlabelled_pseudo_labels"
    rows = labels.with_suffix(".tsv").read_text().splitlines()
    told = json.loads(labels.with_suffix(".json").read_text())
    assert told["rows"] == len(rows) - 1 > 0
    assert told["networks"]["seed"] == 42
    seed = clone.folder / RESULTS / "crnn_second/seed42"
    assert "labels/unlabelled" in json.loads((seed / "provenance.json").read_text())["inputs"]


def test_a_finished_workflow_does_nothing(clone):
    done = clone.run()
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout


def test_code_versions_cover_what_the_scripts_import(clone):
    """Python's own import log against the list that the version is made from."""
    checked = set()
    for log in (clone.folder / "logs/smoke").rglob("*.log"):
        imported = set(re.findall(r"import time:.*\| +(sed_core[\w.]*)", log.read_text()))
        rule = log.relative_to(clone.folder / "logs/smoke").parts[0].removesuffix(".log")
        script = ROOT / "workflow_scripts" / f"{rule}.py"
        if not imported or not script.is_file():
            continue
        hashed = imported_files(script)
        for name in imported:
            path = ROOT.joinpath(*name.split("."))
            assert {path.with_suffix(".py"), path / "__init__.py"} & hashed, (rule, name)
        checked.add(rule)
    assert {"train", "predict", "score", "resample", "tables", "plots", "synthesize"} <= checked


@pytest.mark.parametrize(
    ("file", "edit", "options", "rules"),
    [
        ("sed_core/reporting/curves.py", "NEW = 1", [], {"plots", "report"}),
        ("sed_core/scoring/psds.py", "NEW = 1", [], SCORING),
        ("sed_core/scoring/psds.py", "NEW = 1", ["--rerun-triggers", "mtime"], set()),
        ("sed_core/models/crnn.py", "# a comment", [], set()),
    ],
)
def test_an_edit_reruns_what_depends_on_it(clone, file, edit, options, rules):
    path = clone.folder / file
    before = path.read_text()
    try:
        path.write_text(f"{before}\n{edit}\n")
        assert clone.planned(*options) == rules
    finally:
        path.write_text(before)


def test_a_change_of_what_trained_is_named(clone):
    path = clone.folder / "sed_core/training/ema.py"
    before = path.read_text()
    try:
        path.write_text(f"{before}\nNEW = 1\n")
        said = clone.run("-n").stdout
    finally:
        path.write_text(before)
    assert (
        "results/smoke/crnn/seed42 was trained before a change of sed_core/training/ema.py" in said
    )
    assert re.search(r"^train +\d+$", said, re.M)


def test_a_changed_option_trains_only_its_system(clone):
    change = {"systems": {"ast_aligned": {"opt": {"lr": 0.002}}}}
    changed = clone.override("lr.yaml", change)
    assert "train" in changed.planned()
    plan = changed.run("-n", "--quiet", "rules").stdout
    assert re.search(r"^train +1$", plan, re.M)


JUDGED = {"score", "aggregate", "compare", "plots", "report", "tables"}


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (
            {
                "defaults": {"data": {"min_coverage": 0.5}},
                "embeddings": {"ast": {"note": "in other words"}},
            },
            JUDGED,
        ),
        (
            {
                "defaults": {"data": {"eval": None}},
                "systems": {"crnn": {"data": {"test": "strong"}}},
                "targets": ["crnn"],
                "ensembles": {"both": ["crnn"]},
            },
            {"predict", "postprocess", "ensemble", "ensemble_energy", "detect", *JUDGED},
        ),
        ({"defaults": {"scoring": {"median_window": 5}}}, {"detect", *JUDGED}),
    ],
    ids=["bound and remark", "other splits judged", "median"],
)
def test_only_what_reads_a_value_is_made_anew(clone, change, rules):
    """Training and extraction read neither what judges them nor the wording of remarks."""
    assert clone.override("changed.yaml", change).planned() == rules


def test_the_same_seed_gives_the_same_bytes(clone):
    paths = {"results": "results/again", "checkpoints": "checkpoints/again", "logs": "logs/again"}
    again = clone.override("again.yaml", {"pathvars": paths})
    done = again.run("--quiet", "rules", "--", "results/again/crnn/devtest_psds.json")
    assert done.returncode == 0, done.stdout[-3000:]
    for name in ("seed42/model.pt", "seed42/history.csv", "devtest_psds.json"):
        first = (clone.folder / RESULTS / "crnn" / name).read_bytes()
        assert (clone.folder / "results/again/crnn" / name).read_bytes() == first, name


def test_a_stop_lets_the_training_save_before_snakemake_ends(clone):
    """SIGTERM to the whole process group, as from `docker stop` and Slurm."""
    paths = {"results": "results/stop", "checkpoints": "checkpoints/stop", "logs": "logs/stop"}
    training = {"training": {"n_epochs": 100_000}}
    endless = clone.override("stop.yaml", {"pathvars": paths, "defaults": training})
    run = endless.start("--", "results/stop/crnn/seed42/model.pt")
    deadline = time.monotonic() + 400
    while not list((clone.folder / "checkpoints/stop").rglob("last.ckpt")):
        assert run.poll() is None, run.communicate()[0][-3000:]
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.killpg(run.pid, signal.SIGTERM)
    output, _ = run.communicate(timeout=60)
    assert run.returncode == 1, output
    assert "died with" not in output  # the shell around the script waited for it
    log = (clone.folder / "logs/stop/train/crnn/seed42.log").read_text()
    assert "training was asked to stop and did so at step" in log
    assert not list((clone.folder / ".snakemake").glob("locks/*"))


def test_a_broken_recording_is_one_sentence(clone):
    broken = clone.folder / "data/smoke/source/audio/train/weak"
    wav = sorted(broken.glob("*.wav"))[0]
    whole = wav.read_bytes()
    try:
        wav.write_bytes(b"not audio")
        done = clone.run("--forcerun", "resample", "--", "data/smoke/manifests/weak.tsv")
    finally:
        wav.write_bytes(whole)
    assert done.returncode != 0
    (sentence,) = {line for line in done.stdout.splitlines() if line.startswith("error: ")}
    assert wav.name in sentence and "unreadable" in sentence
