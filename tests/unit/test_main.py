"""The command `sedlab`."""

import subprocess
import sys
from pathlib import Path

import pytest

from sed_core.__main__ import COMMANDS

ROOT = Path(__file__).resolve().parents[2]


def sedlab(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sed_core", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_help_names_the_commands():
    for words in ((), ("--help",)):
        done = sedlab(*words)
        assert done.returncode == 0
        assert "sedlab predict MODEL AUDIO" in done.stdout


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_commands_say_what_they_take(command):
    done = sedlab(command, "--help")
    assert done.returncode == 0
    assert f"usage: sedlab {command} " in done.stdout


def test_a_mistake_is_one_sentence():
    done = sedlab("score", "absent.tsv", "--truth", "a.tsv", "--durations", "b.tsv")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_an_unknown_command_is_named():
    done = sedlab("s/a/b/")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no command 'sedlab s/a/b/'; it is one of detect," in done.stderr
