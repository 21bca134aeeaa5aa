"""The lock of a killed run goes, every other stays."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from sed_core.runtime import processes
from sed_core.runtime.processes import Process
from sed_core.runtime.run_lock import MARK, begin_run
from tests.made_data import ROOT

RUN = """
import subprocess, sys, time
from pathlib import Path
from sed_core.runtime.run_lock import begin_run
locks = Path(sys.argv[1])
begin_run(locks)
(locks / "0.input.lock").write_text("in")
(locks / "0.output.lock").write_text("out")
if len(sys.argv) > 2:
    subprocess.Popen(["sleep", "60"])
print("locked", flush=True)
time.sleep(60)
"""


@pytest.fixture
def locks(tmp_path, monkeypatch):
    monkeypatch.delenv(MARK, raising=False)
    return tmp_path / "engine/locks"


def start(locks: Path, *words: str) -> subprocess.Popen[str]:
    """A run that holds the lock, in a process group of its own."""
    command = [sys.executable, "-c", RUN, str(locks), *words]
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, process_group=0)
    assert run.stdout.readline() == "locked\n"
    return run


def kill(run: subprocess.Popen[str]) -> None:
    """End the whole group, and wait until the system has cleared it away."""
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    end = time.monotonic() + 10
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < end:
            os.killpg(run.pid, 0)
            time.sleep(0.01)


def held(locks: Path) -> list[str]:
    return sorted(path.name for path in locks.glob("*.lock"))


def test_the_lock_of_a_killed_run_is_removed(locks, capsys):
    run = start(locks)
    assert not begin_run(locks)
    assert len(held(locks)) == 2, "a living run keeps its lock"
    kill(run)
    assert begin_run(locks)
    assert not held(locks)
    assert "was killed" in capsys.readouterr().err
    assert len(list(locks.glob("*.json"))) == 1, "the record of the dead goes, one's own stays"


def test_a_run_whose_job_lives_on_is_not_over(locks):
    run = start(locks, "with a job")
    run.kill()
    run.wait()
    assert not begin_run(locks) and held(locks)
    kill(run)  # the rest of the group
    assert begin_run(locks)


def test_a_run_that_ends_leaves_nothing(locks):
    code = "import sys; from pathlib import Path; from sed_core.runtime.run_lock import begin_run\n"
    code += "begin_run(Path(sys.argv[1])); assert list(Path(sys.argv[1]).iterdir()); sys.exit(1)"
    subprocess.run([sys.executable, "-c", code, str(locks)], cwd=ROOT, check=False)
    assert not list(locks.iterdir())


DEAD = replace(Process.this(), pid=2**22 + 1)  # above the largest number that Linux gives


@pytest.mark.parametrize(
    ("records", "removed"),
    [
        ([], False),  # made by somebody who does not say so
        ([DEAD], True),
        ([replace(DEAD, pid=os.getpid(), start=1)], True),  # its number was given again
        ([replace(DEAD, place="elsewhere")], False),  # another machine or container
        ([replace(DEAD, user=DEAD.user + 1)], DEAD.user == 0),
        ([DEAD, Process.this()], False),
        ([{"pid": "x"}], False),
    ],
)
def test_what_proves_that_a_lock_is_dead(locks, records, removed):
    locks.mkdir(parents=True)
    (locks / "0.input.lock").write_text("")
    for number, record in enumerate(records):
        content = record if isinstance(record, dict) else asdict(record)
        (locks / f"other-{number}.json").write_text(json.dumps(content))
    assert begin_run(locks) == removed
    assert bool(held(locks)) != removed


def test_more_locks_than_dead_runs_are_somebody_elses(locks):
    locks.mkdir(parents=True)
    for name in ("0.input.lock", "0.output.lock", "1.output.lock"):
        (locks / name).write_text("")
    (locks / "dead.json").write_text(json.dumps(asdict(DEAD)))
    assert not begin_run(locks)
    assert len(held(locks)) == 3


@pytest.mark.parametrize(("machine", "gone"), [("m", True), ("", False)])
def test_a_machine_that_was_switched_off_ran_nothing_on(monkeypatch, machine, gone):
    """Where it says which machine it is: two containers may have one name."""
    monkeypatch.setattr(processes, "_machine", lambda: machine)
    assert replace(Process.this(), boot="before").is_gone() == gone


def test_the_same_command_continues_after_kill_9(tmp_path):
    """Snakemake itself, with the file that the workflow includes."""
    (tmp_path / "Snakefile").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        f"include: {str(ROOT / 'rules/lock.smk')!r}\n"
        "rule all:\n    output: 'done'\n"
        "    shell: 'touch begun; test -e quick || sleep 60; touch done'\n"
    )
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--scheduler=greedy",
        "--cores=1",
        "--rerun-incomplete",
    ]
    options = {"cwd": tmp_path, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    run = subprocess.Popen(command, **options, process_group=0)
    while not (tmp_path / "begun").exists():
        assert run.poll() is None, run.communicate()
    kill(run)
    assert len(held(tmp_path / ".snakemake/locks")) == 1
    (tmp_path / "quick").write_text("")
    again = subprocess.run(command, **options, text=True, check=False)
    assert again.returncode == 0, again.stdout
    assert "A run here was killed; its lock is removed." in again.stdout
    assert (tmp_path / "done").exists() and not list((tmp_path / ".snakemake/locks").glob("*"))
