import bz2
import gzip
import hashlib
import io
import lzma
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sed_core.data.download import archive as module
from sed_core.data.download.archive import Unpacked, unpack
from sed_core.runtime.errors import SedError

FILES = {
    "dcase_synth/audio/train/1.wav": bytes(range(256)) * 900,
    "dcase_synth/audio/train/2.wav": b"",
    "dcase_synth/metadata/train.tsv": b"filename\n1.wav\n",
}


def info(name: str, **attributes: object) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    for key, value in attributes.items():
        setattr(member, key, value)
    return member


def make_tar(path: Path, files: dict[str, bytes], *extra: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, body in files.items():
            archive.addfile(info(name, size=len(body)), io.BytesIO(body))
        for member in extra:
            archive.addfile(member, io.BytesIO(b"evil"[: member.size]))
    return path


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return path


def packed(compress: Callable[[bytes], bytes]) -> Callable[[Path, dict[str, bytes]], Path]:
    def make(path: Path, files: dict[str, bytes]) -> Path:
        make_tar(path, files)
        path.write_bytes(compress(path.read_bytes()))
        return path

    return make


FORMATS = {
    "zip": make_zip,
    "tar": make_tar,
    "gz": packed(gzip.compress),
    "xz": packed(lzma.compress),
    "bz2": packed(bz2.compress),
}


def tree(folder: Path) -> dict[str, str]:
    """Digest of each file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.md5(path.read_bytes()).hexdigest() for path in files
    }


@pytest.mark.parametrize("make", FORMATS.values(), ids=FORMATS)
def test_every_format_whole_and_a_second_time_nothing(tmp_path: Path, make: Callable) -> None:
    archive = make(tmp_path / "a", FILES)
    out = tmp_path / "out"
    assert unpack(archive, out) == Unpacked(written=3, kept=0)
    assert {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()} == FILES
    stamps = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    (out / "dcase_synth/audio/train/2.wav").unlink()
    assert unpack(archive, out) == Unpacked(written=1, kept=2)
    kept = out / "dcase_synth/audio/train/1.wav"
    assert kept.stat().st_mtime_ns == stamps[kept]


def test_roots(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {**FILES, "dcase_synth/README": b"hello"})
    unpack(archive, tmp_path / "cut", roots=["audio", "metadata"])
    assert list(tree(tmp_path / "cut")) == [
        "audio/train/1.wav",
        "audio/train/2.wav",
        "metadata/train.tsv",
    ]
    with pytest.raises(SedError, match=r"nothing in .* lies below labels"):
        unpack(archive, tmp_path / "none", roots=["labels"])


EVIL_TAR = {
    "parent": [info("../evil", size=4)],
    "deep parent": [info("a/../../evil", size=4)],
    "absolute": [info("/tmp/sed-evil", size=4)],
    "link out": [info("l", type=tarfile.SYMTYPE, linkname="../.."), info("l/evil", size=4)],
    "absolute link": [info("l", type=tarfile.SYMTYPE, linkname="/etc/passwd")],
    "link of links": [
        info("d", type=tarfile.SYMTYPE, linkname="."),
        info("e", type=tarfile.SYMTYPE, linkname="d/.."),
        info("e/evil", size=4),
    ],
    "link to what will be a link": [
        info("e", type=tarfile.SYMTYPE, linkname="d/.."),
        info("d", type=tarfile.SYMTYPE, linkname="."),
        info("e/evil", size=4),
    ],
    "hard link out": [info("h", type=tarfile.LNKTYPE, linkname="../secret")],
    "hard link absolute": [info("h", type=tarfile.LNKTYPE, linkname="/etc/passwd")],
    "device": [info("dev", type=tarfile.CHRTYPE, devmajor=1, devminor=3)],
    "pipe": [info("pipe", type=tarfile.FIFOTYPE)],
    "backslash": [info("..\\evil", size=4)],
}


@pytest.mark.parametrize("extra", EVIL_TAR.values(), ids=EVIL_TAR)
def test_nothing_leaves_the_folder_from_a_tar(tmp_path: Path, extra: list) -> None:
    (tmp_path / "secret").write_text("mine")
    archive = make_tar(tmp_path / "a.tar", {"good.txt": b"good"}, *extra)
    out = tmp_path / "box" / "out"
    with pytest.raises(SedError, match="not to be trusted") as caught:
        unpack(archive, out)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted(
        {"a.tar", "box", "out", "good.txt", "secret"} | ({"d"} & {p.name for p in out.iterdir()})
    )
    assert not Path("/tmp/sed-evil").exists()


def test_nothing_leaves_through_folders_too_deep_for_python(tmp_path: Path) -> None:
    """Short links stand for long folders: the system follows them where Python's paths end."""
    folder, last = "d" * 247, "l" * 254
    members, at = [], ""
    for step in "abcdefghijklmnop":
        members.append(info(f"{at}{folder}", type=tarfile.DIRTYPE, mode=0o755))
        members.append(info(f"{at}{step}", type=tarfile.SYMTYPE, linkname=folder))
        at += f"{step}/"
    members.append(info(f"{at}{last}", type=tarfile.SYMTYPE, linkname="../" * 16))  # out itself
    members.append(info(f"{at}{last}/up", type=tarfile.SYMTYPE, linkname=".."))
    archive = make_tar(tmp_path / "a.tar", {}, *members, info(f"{at}{last}/up/evil", size=4))
    with pytest.raises(SedError, match="not to be trusted"):
        unpack(archive, tmp_path / "box" / "out")
    assert [path.name for path in (tmp_path / "box").iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/tmp/sed-evil", "a\\..\\..\\evil"])
def test_nothing_leaves_the_folder_from_a_zip(tmp_path: Path, name: str) -> None:
    archive = make_zip(tmp_path / "a.zip", {"good.txt": b"good", name: b"evil"})
    with pytest.raises(SedError, match="not to be trusted"):
        unpack(archive, tmp_path / "box" / "out")
    assert list(tree(tmp_path)) == ["a.zip", "box/out/good.txt"]


def test_zip_link_out_and_users_own_link_out_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("l")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "../..")
    with pytest.raises(SedError, match=r"is a link to \.\./\.\., outside"):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "audio").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SedError, match="through a link"):
        unpack(make_zip(tmp_path / "b.zip", {"audio/x": b"x"}), tmp_path / "out")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_links_that_stay_inside_are_kept(tmp_path: Path) -> None:
    archive = make_tar(
        tmp_path / "a.tar",
        {"top/audio/x": b"x" * 1000},
        info("top/l", type=tarfile.SYMTYPE, linkname="audio"),
        info("top/audio/up", type=tarfile.SYMTYPE, linkname="../l/x"),
        info("top/h", type=tarfile.LNKTYPE, linkname="top/audio/x"),
    )
    for _ in range(2):
        unpack(archive, tmp_path / "out")
        unpack(archive, tmp_path / "cut", roots=["audio"])
    assert (tmp_path / "out/top/l/x").read_bytes() == b"x" * 1000
    assert (tmp_path / "out/top/audio/up").read_bytes() == b"x" * 1000
    assert (tmp_path / "out/top/h").read_bytes() == b"x" * 1000


def test_foreign_files_are_never_overwritten(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"x.tsv": b"theirs"})
    (tmp_path / "x.tsv").write_bytes(b"mine!!")
    with pytest.raises(SedError, match=r"x\.tsv is already there and differs"):
        unpack(archive, tmp_path)
    assert (tmp_path / "x.tsv").read_bytes() == b"mine!!"


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_archives_leave_whole_files_only(tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(3)
    files = {f"{n}.wav": rng.bytes(40_000) for n in range(5)}
    archive = FORMATS[name](tmp_path / "a", files)
    data = archive.read_bytes()
    tail = [] if name == "tar" else [len(data) - 20]  # a tar ends with padding
    for length in (0, 3, len(data) // 2, *tail):
        archive.write_bytes(data[:length])
        out = tmp_path / f"out{length}"
        with pytest.raises(SedError, match="is damaged or no zip or tar archive"):
            unpack(archive, out)
        for path in out.rglob("*"):
            assert path.read_bytes() == files[path.name]
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    archive.write_bytes(flipped)
    if name != "tar":  # which has no checksum of its own
        with pytest.raises(SedError, match="is damaged"):
            unpack(archive, tmp_path / "flipped")


def test_password_and_missing_file(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"x": b"x"})
    data = bytearray(archive.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(SedError, match="has a password"):
        unpack(archive, tmp_path / "out")
    with pytest.raises(SedError, match="does not exist"):
        unpack(tmp_path / "nothing.zip", tmp_path / "out")


def test_full_disk_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise SedError("out has 1 B free")

    monkeypatch.setattr(module, "require_space", full)
    with pytest.raises(SedError, match="1 B free"):
        unpack(make_zip(tmp_path / "a.zip", FILES), tmp_path / "out")
    assert not tree(tmp_path / "out")


@pytest.mark.parametrize("name", ["zip", "gz"])
def test_killed_and_continued(tmp_path: Path, root: Path, name: str) -> None:
    rng = np.random.default_rng(1)
    files = {f"d{n % 7}/{n}.wav": rng.bytes(int(rng.integers(0, 9000))) for n in range(3000)}
    archive = FORMATS[name](tmp_path / "a", files)
    out = tmp_path / "out"
    code = "import sys; from sed_core.data.download.archive import unpack; unpack(*sys.argv[1:])"
    for reached in (50, 400):
        process = subprocess.Popen([sys.executable, "-c", code, archive, out], cwd=root)
        while process.poll() is None and len(list(out.glob("*/*.wav"))) < reached:
            time.sleep(0.002)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert all(
            path.read_bytes() == files[os.path.relpath(path, out)]
            for path in out.rglob("*.wav")
            if ".part" not in path.name
        )
    result = unpack(archive, out)
    assert result.kept >= 390
    assert result.kept + result.written == len(files)
    unpack(archive, tmp_path / "undisturbed")
    assert tree(out) == tree(tmp_path / "undisturbed")
