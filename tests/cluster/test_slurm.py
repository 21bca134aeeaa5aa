"""The workflow as jobs of a real Slurm: where jobs are put, and what their time limit leaves."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.workflow_runner import Clone

pytestmark = pytest.mark.slow
NODE = Path(__file__).with_name("slurm_single_node.sh")
PROFILE = [
    "--profile=profiles/slurm",
    "--slurm-no-account",  # this Slurm keeps no accounts
    "--slurm-status-command=squeue",
    "--slurm-init-seconds-before-status-checks=3",
    "--seconds-between-status-checks=3",
    "--latency-wait=5",
]
SMALL = {"compute": {"threads": 1, "memory_gb": 4}}  # what any machine has
SMOKE = ["configs/mini.yaml", "configs/smoke.yaml"]


def missing() -> str:
    """What stands in the way of a Slurm on this machine, or nothing."""
    if os.geteuid() != 0:
        return "only root can start Slurm's daemons"
    absent = [name for name in ("munged", "slurmctld", "slurmd") if not shutil.which(name)]
    if absent:
        return f"no {', '.join(absent)}; apt-get install slurm-wlm slurm-wlm-basic-plugins munge"
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        return "no plugin; pip install -r profiles/slurm/requirements.txt"
    return ""


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    reason = missing()
    if reason:
        pytest.skip(reason)
    try:
        subprocess.run([NODE, "start"], check=True)
        made = Clone.make(tmp_path_factory.mktemp("slurm"), SMOKE, cores=None)
        yield made.override("small.yaml", SMALL)
    finally:
        subprocess.run([NODE, "stop"], check=True)


def jobs(rule: str) -> list[dict[str, str]]:
    """What Slurm knows of the jobs of a rule, in the order of submission."""
    command = ["scontrol", "--oneliner", "show", "job"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    known = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in listing.splitlines()]
    return [job for job in known if re.match(rf"rule_{rule}(_wildcards|$)", job["Comment"])]


def test_rules_are_placed_by_gpu_memory_and_time(clone):
    done = clone.run(*PROFILE, "--", "results/smoke/crnn/devtest_psds.json")
    assert done.returncode == 0, done.stdout[-5000:]
    scores = json.loads((clone.folder / "results/smoke/crnn/devtest_psds.json").read_text())
    assert 0 <= scores["summary"]["psds1_exact"]["mean"] <= 1
    (training,) = jobs("train")
    assert training["JobState"] == "COMPLETED"
    assert "mem=4000M" in training["TRES"]
    assert re.fullmatch("gres[:/]gpu[:=]1", training["TresPerJob"])
    assert training["TimeLimit"] == "1-00:00:00"
    assert training["Requeue"] == "1"
    for job in jobs("resample"):
        assert job["TRES"].startswith("cpu=1,mem=4000M,") and "TresPerJob" not in job
        assert job["TimeLimit"] == "04:00:00"
    assert not jobs("system_config")  # too small to queue


def test_a_training_goes_on_after_its_time_limit(clone):
    """Too long for a minute; the retry gets an hour and finishes what the first run began."""
    training = {"n_epochs": 20, "validation_interval": 5, "steps_per_epoch": 200}
    paths = {"results": "results/long", "checkpoints": "checkpoints/long", "logs": "logs/long"}
    long = clone.override("long.yaml", {"pathvars": paths, "defaults": {"training": training}})
    earlier = len(jobs("train"))
    limit = ["--set-resources", "train:runtime=1 if attempt == 1 else 60"]
    done = long.run(*PROFILE, *limit, "--", "results/long/crnn/seed42/model.pt")
    assert done.returncode == 0, done.stdout[-5000:]
    assert "training was asked to stop and did so at step" in done.stdout
    assert [job["JobState"] for job in jobs("train")[earlier:]] == ["TIMEOUT", "COMPLETED"]
    seed = clone.folder / "results/long/crnn/seed42"
    energy = json.loads((seed / "training.energy.json").read_text())
    assert energy["pieces"] == 2
    assert energy["work"]["steps"] == 20 * 200
