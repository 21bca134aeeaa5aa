"""Files are whole or absent, and equal values are equal bytes."""

import os
import subprocess
import sys

import numpy as np
import pytest

from sed_core.runtime import files
from sed_core.runtime.errors import SedError
from tests.made_data import ROOT


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "result.txt"
    files.write_text(path, "old")
    with pytest.raises(RuntimeError), files.atomic(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "result.txt"
    with files.atomic(path) as one, files.atomic(path) as other:
        one.write_text("one")
        other.write_text("other")
    assert one != other
    assert [one.suffix, other.suffix] == [".txt", ".txt"]
    assert path.read_text() == "one"  # whoever ends last
    assert list(tmp_path.iterdir()) == [path]


def test_what_killed_writers_left_is_removed_and_nothing_else(tmp_path):
    code = "import os, sys; from pathlib import Path; from sed_core.runtime.files import atomic\n"
    code += (
        "with atomic(Path(sys.argv[1])) as part: part.write_text('half'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a[1].h5")], cwd=ROOT, check=False)
    (left,) = tmp_path.iterdir()
    number = left.name.split(".")[1].split("-")[1]
    kept = [
        tmp_path / left.name.replace(f"-{number}-", f"-{os.getpid()}-"),  # of one that lives
        tmp_path / left.name.replace(files.place(), "01234567"),  # of another machine
        tmp_path / "a.part.h5",
    ]
    for path in kept:
        path.write_text("")
    files._remove_leftovers.cache_clear()
    files.write_text(tmp_path / "other.txt", "whole")
    assert sorted(tmp_path.iterdir()) == sorted([*kept, tmp_path / "other.txt"])


def test_json_is_sorted_rounded_and_free_of_nan(tmp_path):
    files.write_json(tmp_path / "a.json", {"b": 1 / 3, "a": np.float32(0.5), "c": float("nan")})
    files.write_json(tmp_path / "b.json", {"c": float("inf"), "a": 0.5, "b": 0.33333330})
    assert files.read_json(tmp_path / "a.json") == {"a": 0.5, "b": 0.333333, "c": None}
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_digest_is_of_the_content(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 100_000)
    (tmp_path / "b").write_bytes(b"x" * 100_000)
    (tmp_path / "c").write_bytes(b"x" * 99_999)
    assert files.digest(tmp_path / "a") == files.digest(tmp_path / "b")
    assert files.digest(tmp_path / "a") != files.digest(tmp_path / "c")
    assert files.digest_json({"a": 1, "b": 2}) == files.digest_json({"b": 2, "a": 1})


@pytest.mark.parametrize("content", [None, "{"])
def test_bad_json_is_one_sentence(tmp_path, content):
    path = tmp_path / "x.json"
    if content:
        path.write_text(content)
    with pytest.raises(SedError, match=r"x\.json"):
        files.read_json(path)


def test_human_sizes() -> None:
    sizes = (0, 999, 1000, 890_200_000, 2_140_000_000, 5e15)
    assert [files.human_size(size) for size in sizes] == [
        "0 B", "999 B", "1.0 kB", "890.2 MB", "2.1 GB", "5000.0 TB",
    ]  # fmt: skip
