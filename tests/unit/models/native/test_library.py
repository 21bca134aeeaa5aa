import pytest

from sed_core.models.native import library
from sed_core.models.native.library import native_library

compiled = native_library.__wrapped__  # without the memory of earlier calls


def test_compiled_once_and_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if compiled("gru", "-DH=4") is None:
        pytest.skip("no C compiler")
    (first,) = (tmp_path / "sed_core").iterdir()
    made = first.stat().st_mtime_ns
    assert compiled("gru", "-DH=4") is not None
    assert first.stat().st_mtime_ns == made
    assert compiled("gru", "-DH=8") is not None
    assert len(list((tmp_path / "sed_core").iterdir())) == 2


def test_without_a_compiler_one_is_told(monkeypatch):
    monkeypatch.setattr(library.shutil, "which", lambda name: None)
    with pytest.warns(UserWarning, match="no C compiler"):
        assert compiled("gru", "-DH=4") is None


def test_a_failing_compiler_is_no_failure(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.warns(UserWarning, match=r"gru\.c was not compiled"):
        assert compiled("gru", "--no-such-option") is None
    assert not list(tmp_path.glob("sed_core/*"))


def test_an_unwritable_cache_is_no_failure(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match=r"gru\.c was not compiled"):
        assert compiled("gru", "-DH=4") is None
