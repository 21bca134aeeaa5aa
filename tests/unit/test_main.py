"""The command `sed`, and the stream editor that it must not replace."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def environment(tmp_path):
    """Two environments, each with our command, before the system on PATH."""
    for name in ("one", "two"):
        script = tmp_path / name / "sed"
        script.parent.mkdir()
        script.write_text(f"#!{sys.executable}\nfrom sed_core.__main__ import main\nmain()\n")
        script.chmod(0o755)
    path = [str(tmp_path / "one"), str(tmp_path / "two"), os.environ["PATH"]]
    return {**os.environ, "PATH": os.pathsep.join(path), "PYTHONPATH": str(ROOT)}


def sed(*words: str, env: dict[str, str], text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sed", *words], input=text, env=env, capture_output=True, text=True, check=False
    )


def test_help_names_the_commands(environment):
    for words in ((), ("--help",)):
        done = sed(*words, env=environment)
        assert done.returncode == 0
        assert "sed predict MODEL AUDIO" in done.stdout


@pytest.mark.parametrize("command", ["predict", "score"])
def test_commands_say_what_they_take(environment, command):
    done = sed(command, "--help", env=environment)
    assert done.returncode == 0
    assert f"usage: sed {command} " in done.stdout


def test_a_mistake_is_one_sentence(environment):
    done = sed("score", "absent.tsv", "--truth", "a.tsv", "--durations", "b.tsv", env=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_scripts_reach_the_stream_editor(environment):
    done = sed("-n", "-e", "s/a b/c/p", env=environment, text="a b\nd\n")
    assert (done.returncode, done.stdout) == (0, "c\n")
    assert sed("--no-such-option", env=environment).returncode != 0


@pytest.mark.parametrize("word", ["predict", "score"])
def test_no_script_begins_with_our_words(word):
    assert subprocess.run(["/bin/sed", word], input="", text=True, capture_output=True).returncode


def test_where_there_is_no_stream_editor(environment, tmp_path):
    environment["PATH"] = f"{tmp_path / 'one'}{os.pathsep}{tmp_path / 'two'}"
    done = sed("s/a/b/", env=environment)
    assert done.returncode == 127
    assert "there is no command 'sed s/a/b/'" in done.stderr
