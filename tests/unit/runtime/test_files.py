"""Files are whole or absent, and equal values are equal bytes."""

import numpy as np
import pytest

from sed_core.runtime import files
from sed_core.runtime.errors import SedError


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "result.txt"
    files.write_text(path, "old")
    with pytest.raises(RuntimeError), files.atomic(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


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
