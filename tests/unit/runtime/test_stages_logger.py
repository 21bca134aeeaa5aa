"""`snakemake --logger stages`: a line a stage, and of a failed job its sentence."""

import logging
import os
import subprocess
import sys

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from tests.workflow_runner import ROOT

PLUGINS = str(ROOT / "profiles/logger")


@pytest.fixture
def say(monkeypatch):
    monkeypatch.syspath_prepend(PLUGINS)
    from snakemake_logger_plugin_stages import LogHandler

    handler = LogHandler(None, None)

    def emit(event=None, level=logging.INFO, msg="", **fields):
        record = logging.LogRecord("snakemake", level, "", 0, msg, (), None)
        record.__dict__.update(fields, event=event)
        handler.handle(record)

    return emit


def snakemake(*words, folder):
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--logger", "stages", "--cores", "1", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": PLUGINS},
        capture_output=True,
        text=True,
    )


def job(rule, priority=0, **wildcards):
    return {"rule_name": rule, "priority": priority, "wildcards": wildcards, "jobid": 0}


def test_a_line_where_a_stage_begins(say, capsys):
    say(msg="Building DAG of jobs...")
    say(LogEvent.PROGRESS, done=1, total=9)
    say(LogEvent.JOB_INFO, **job("train", 10, system="crnn", seed="1"))
    say(LogEvent.JOB_INFO, **job("train", 10, system="crnn", seed="2"))
    say(LogEvent.JOB_INFO, **job("train", 10, system="other", seed="1"))
    say(LogEvent.JOB_INFO, **job("score", system="crnn", split="devtest"))
    say(LogEvent.JOB_INFO, **job("score", system="other", split="devtest"))
    say(LogEvent.JOB_INFO, **job("all"))
    say(LogEvent.PROGRESS, done=9, total=9)
    lines = [line.split(maxsplit=1)[1] for line in capsys.readouterr().err.splitlines()]
    stages = ["train crnn", "train other", "score", "done"]
    assert [line.split("  ")[-1] for line in lines] == stages
    assert lines[0].startswith("1 of 9")


def test_a_failed_job_shows_the_end_of_its_log(tmp_path):
    (tmp_path / "Snakefile").write_text(
        "rule train:\n"
        '    output: "{system}.pt"\n'
        '    log: "{system}.log"\n'
        "    shell: \"seq 50 > {log}; echo 'error: the sentence.' >> {log}; exit 1\"\n"
    )
    done = snakemake("--", "crnn.pt", folder=tmp_path)
    assert done.returncode
    said = done.stderr
    assert "train crnn failed\nThe end of crnn.log:\n32\n" in said
    assert "50\nerror: the sentence.\n" in said and "seq 50" not in said
    assert "A job returned non-zero exit status 1.\n" in said


def test_a_mistake_is_shown_as_it_is(tmp_path):
    mistake = ["--snakefile", str(ROOT / "Snakefile"), "--config", "targets=[nonsense]"]
    done = snakemake(*mistake, folder=tmp_path)
    assert done.returncode and "planning" in done.stderr
    assert "there is no system 'nonsense'" in done.stderr.replace("target", "system")
