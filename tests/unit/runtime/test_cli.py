"""Scripts end with one line and an exit code."""

import errno

import pytest

from sed_core.runtime.cli import run
from sed_core.runtime.errors import SedError


def ending(main, capsys) -> tuple[int, str]:
    with pytest.raises(SystemExit) as end:
        run(main)
    return end.value.code, capsys.readouterr().err


def test_a_mistake_is_one_line(capsys):
    def main():
        raise SedError("weak.tsv, row 3: no such class.")

    assert ending(main, capsys) == (1, "error: weak.tsv, row 3: no such class.\n")


@pytest.mark.parametrize(
    ("number", "hint"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "permission")],
)
def test_disk_trouble_is_one_line(capsys, number, hint):
    def main():
        raise OSError(number, "no", "results/x.json")

    code, text = ending(main, capsys)
    assert code == 1
    assert text.startswith("error: results/x.json: ")
    assert hint in text
    assert text.count("\n") == 1


def test_interruption_promises_to_continue(capsys):
    def main():
        raise KeyboardInterrupt

    code, text = ending(main, capsys)
    assert code == 130
    assert "same command continues" in text


def test_success_is_quiet(capsys):
    assert ending(lambda: None, capsys) == (0, "")
