"""One job per GPU, whoever started it."""

import os
import subprocess
import sys
import time

import pytest

from sed_core.runtime import device
from sed_core.runtime.errors import SedError
from tests.made_data import ROOT

HOLD = """
import sys, time
from pathlib import Path
from sed_core.runtime.device import claim_gpus
print(",".join(claim_gpus(1, folder=Path(sys.argv[1]))), flush=True)
time.sleep(60)
"""


def hold(folder, gpus: str, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": gpus, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_jobs_get_two_gpus_and_a_third_waits(tmp_path):
    jobs = [hold(tmp_path, "0,1"), hold(tmp_path, "0,1")]
    try:
        assert {job.stdout.readline().strip() for job in jobs} == {"0", "1"}
        third = hold(tmp_path, "0,1")
        jobs.append(third)
        time.sleep(0.5)
        jobs[0].kill()  # the lock goes with the process, however it dies
        assert third.stdout.readline().strip() in {"0", "1"}
    finally:
        for job in jobs:
            job.kill()
            job.wait()


def test_the_gpus_0_of_two_slurm_jobs_are_not_the_same(tmp_path):
    jobs = [hold(tmp_path, "0", SLURM_JOB_ID=job) for job in ("7", "8")]
    try:
        assert [job.stdout.readline().strip() for job in jobs] == ["0", "0"]
    finally:
        for job in jobs:
            job.kill()
            job.wait()


@pytest.fixture
def one_gpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    yield
    for lock in device._held:
        os.close(lock)
    device._held.clear()


def test_a_lock_that_is_there_is_left_as_it_is(tmp_path, one_gpu):
    lock = tmp_path / "locks/gpu-0.lock"
    lock.parent.mkdir()
    lock.write_text("of another user")
    lock.chmod(0o444)
    assert device.claim_gpus(1, folder=lock.parent) == ["0"]
    assert lock.read_text() == "of another user"


@pytest.mark.parametrize("planted", ["link", "dangling", "pipe", "folder"])
def test_a_planted_lock_is_neither_followed_nor_emptied(tmp_path, one_gpu, planted):
    precious = tmp_path / "precious"
    folder = tmp_path / "locks"
    lock = folder / "gpu-0.lock"
    if planted == "folder":
        (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.mkdir()
        if planted == "pipe":
            os.mkfifo(lock)
        else:
            lock.symlink_to(precious)
    if planted != "dangling":
        precious.write_text("content")
    with pytest.raises(SedError, match="should be a lock of a GPU"):
        device.claim_gpus(1, folder=folder)
    assert precious.exists() == (planted != "dangling")
    assert not precious.exists() or precious.read_text() == "content"
    assert not list(tmp_path.glob("elsewhere/*"))


def test_nobody_can_take_away_the_lock_of_another(tmp_path, one_gpu):
    device.claim_gpus(1, folder=tmp_path / "locks")
    assert (tmp_path / "locks").stat().st_mode & 0o7777 == 0o1777
    assert (tmp_path / "locks/gpu-0.lock").stat().st_mode & 0o777 == 0o666


def test_uuids_and_none(monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-8a1c, MIG-77")
    assert device.visible_gpus() == ["GPU-8a1c", "MIG-77"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert device.claim_gpus(1, folder=tmp_path) == []


def test_a_gpu_that_torch_cannot_use_is_no_silent_cpu(monkeypatch, tmp_path):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 0\n")
    program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "TMPDIR": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    environment.pop("CUDA_VISIBLE_DEVICES", None)
    code = "import torch; torch.cuda.is_available = lambda: False\n"
    code += "from sed_core.runtime.device import prepare; prepare(gpus={}, threads=1)"
    ran = [
        subprocess.run(
            [sys.executable, "-c", code.format(gpus)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        for gpus in (1, 0)
    ]
    assert "there is a GPU, but torch" in ran[0].stderr and ran[0].returncode != 0
    assert ran[1].returncode == 0, ran[1].stderr
