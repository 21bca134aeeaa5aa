import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from sed_core.models.native import library
from sed_core.runtime.errors import SedError

compiled = library.native_library.__wrapped__  # without the memory of earlier calls


@pytest.fixture(autouse=True)
def _undecided(monkeypatch):
    monkeypatch.setattr(library, "kernels", library.kernels.__wrapped__)


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """An empty cache, where there is a compiler."""
    if library.compiler() is None:
        pytest.skip("no C compiler")
    monkeypatch.setattr(library, "FOLDER", tmp_path)
    for name in ("gru.c", "vector.h"):  # of nothing, which takes no time
        (tmp_path / name).write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/sed_core"


def made(folder) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_compiled_once_and_kept(cache):
    assert compiled("gru", "-DH=4") is not None
    first = made(cache)
    assert len(first) == 1
    assert compiled("gru", "-DH=4") is not None
    assert made(cache) == first
    assert compiled("gru", "-DH=8") is not None
    assert len(made(cache)) == 2


def test_two_jobs_that_compile_the_same_file_at_once(cache):
    with ThreadPoolExecutor(2) as pool:
        assert all(pool.map(lambda _: library._loaded("gru", "-DH=4"), range(2)))
    assert len(made(cache)) == 1, "and no temporary file is left"


def test_without_a_compiler_one_is_told(monkeypatch):
    monkeypatch.setattr(library.shutil, "which", lambda name: None)
    with pytest.warns(UserWarning, match="no C compiler"):
        assert compiled("gru", "-DH=4") is None


def test_a_failing_compiler_is_no_failure(monkeypatch, cache):
    monkeypatch.setattr(library, "PROBE", ("gru", "--no-such-option"))
    with pytest.warns(UserWarning, match=r"gru\.c was not compiled"):
        assert compiled("gru", "-DH=4") is None
    assert not made(cache)


def test_failing_after_it_worked_is_one(cache):
    """Plain layers would be other weights than the fingerprint says."""
    with pytest.raises(SedError, match=r"gru\.c was not compiled"):
        compiled("gru", "--no-such-option")


def test_an_unwritable_cache_is_no_failure(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match=r"gru\.c was not compiled"):
        assert compiled("gru", "-DH=4") is None


def plant(cache, *, mode: int = 0o700, link: bool = False, owner: int | None = None) -> None:
    """Put something else where the library belongs."""
    compiled("gru", "-DH=4")
    (path,) = cache.iterdir()
    other = cache.parent / "other.so"
    path.replace(other)
    if link:
        path.symlink_to(other)
    else:
        path.write_bytes(b"not this")
        path.chmod(mode)
        if owner is not None:
            os.chown(path, owner, owner)


@pytest.mark.parametrize(
    "planted",
    [
        {"mode": 0o720},
        {"mode": 0o702},
        {"link": True},
        pytest.param(
            {"owner": 12345},
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away"),
        ),
    ],
)
def test_what_somebody_else_can_have_written_is_not_loaded(cache, planted):
    plant(cache, **planted)
    assert compiled("gru", "-DH=4") is not None
    (path,) = cache.iterdir()
    assert path.lstat().st_uid == os.geteuid() and not path.is_symlink()
    assert path.read_bytes() != b"not this"


def test_one_s_own_folder_is_made_private(cache):
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    assert compiled("gru", "-DH=4") is not None
    assert cache.stat().st_mode & 0o777 == 0o700


def test_a_folder_of_others_is_not_used(monkeypatch, cache):
    cache.mkdir(parents=True)
    user = os.geteuid() + 1
    monkeypatch.setattr(library.os, "geteuid", lambda: user)
    cache.chmod(0o777)
    with pytest.warns(UserWarning, match="others can write to"):
        assert compiled("gru", "-DH=4") is None
    assert not made(cache)
