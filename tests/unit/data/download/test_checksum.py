import hashlib
from pathlib import Path

import pytest

from sed_core.data.download.checksum import parse_checksum, problem
from sed_core.runtime.errors import SedError


def test_checksums_with_and_without_a_name() -> None:
    md5 = hashlib.md5(b"a").hexdigest()
    sha = hashlib.sha256(b"a").hexdigest()
    assert parse_checksum(f"MD5:{md5.upper()}") == ("md5", md5)
    assert parse_checksum(md5) == ("md5", md5)
    assert parse_checksum(sha) == ("sha256", sha)
    for bad in ("md5:xyz", "crc32:00000000", "1234", "shake_128:" + md5):
        with pytest.raises(SedError, match="is not understood"):
            parse_checksum(bad)


def test_problem_names_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert problem(path, 3, hashlib.sha1(b"abc").hexdigest()) is None
    assert problem(path, None, None) is None
    assert problem(path, 4, None) == "has 3 bytes instead of 4"
    assert "instead of" in (problem(path, 3, hashlib.sha256(b"abd").hexdigest()) or "")
