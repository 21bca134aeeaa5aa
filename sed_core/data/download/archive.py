"""Zip and tar archives as one stream of entries, read once from front to back."""

import bz2
import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from sed_core.runtime.errors import SedError

Kind = Literal["file", "folder", "link", "copy", "other"]

_OPENERS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"BZh": bz2.open,
}
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    EOFError,
    lzma.LZMAError,
    zlib.error,
    gzip.BadGzipFile,
    UnicodeDecodeError,
    NotImplementedError,  # zip compression that Python does not know
)


@dataclass(frozen=True)
class Entry:
    """One member. `read` gives a file's bytes, only before the next entry is taken."""

    name: str
    kind: Kind  # link: symbolic; copy: tar hard link to an earlier member
    size: int
    points_to: str
    read: Callable[[], IO[bytes]]


@dataclass(frozen=True)
class Archive:
    """An open archive; `position` of `total` (packed bytes) tells how far the reading is."""

    entries: Iterator[Entry]
    total: int
    position: Callable[[], int]
    unpacked_size: int | None


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a .zip, .tar, .tar.gz, .tar.xz or .tar.bz2, known by its first bytes.

    Memory: one block, except for a zip's table of contents.

    Raises:
        SedError: no such file, none of these formats, damaged, or with a password; damage may
            show only while entries are read.
    """
    if not path.is_file():
        raise SedError(f"{path} does not exist; download it first.")
    try:
        with path.open("rb") as raw:
            magic = raw.read(6)
            raw.seek(0)
            if magic.startswith((b"PK\x03\x04", b"PK\x05\x06")):
                yield _zip(raw)
            else:
                yield _tar(path, raw, magic)
    except _DAMAGED as error:
        reason = str(error) or type(error).__name__
        raise SedError(
            f"{path} is damaged or no zip or tar archive ({reason}); delete it and download it "
            "again."
        ) from error


def _zip(raw: IO[bytes]) -> Archive:
    archive = zipfile.ZipFile(raw)
    members = archive.infolist()
    done = 0

    def entries() -> Iterator[Entry]:
        nonlocal done
        for member in members:
            if member.flag_bits & 1:
                raise SedError(f"{raw.name} has a password; unpack it by hand.")
            kind = _zip_kind(member)
            target = archive.read(member).decode() if kind == "link" else ""
            yield Entry(
                member.filename,
                kind,
                member.file_size,
                target,
                lambda member=member: archive.open(member),  # type: ignore[misc]
            )
            done += member.compress_size

    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    return Archive(entries(), packed, lambda: done, unpacked)


def _zip_kind(member: zipfile.ZipInfo) -> Kind:
    if member.is_dir():
        return "folder"
    mode = stat.S_IFMT(member.external_attr >> 16)  # 0: written where there are no modes
    if mode == stat.S_IFLNK:
        return "link"
    return "file" if mode in (0, stat.S_IFREG) else "other"


def _tar(path: Path, raw: IO[bytes], magic: bytes) -> Archive:
    opener = next((opener for start, opener in _OPENERS.items() if magic.startswith(start)), None)
    stream = opener(raw) if opener else raw
    if opener is None:
        _check_end(raw)

    def entries() -> Iterator[Entry]:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            while (member := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # or it keeps all headers
                yield Entry(
                    member.name,
                    _tar_kind(member),
                    member.size,
                    member.linkname,
                    lambda member=member: _bytes_of(archive, member),  # type: ignore[misc]
                )
            while stream.read(1 << 20):  # to the end: only there the checksum of a gzip is
                pass

    return Archive(entries(), path.stat().st_size, raw.tell, None)


def _bytes_of(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    stream = archive.extractfile(member)
    if stream is None:
        raise tarfile.ReadError(f"{member.name} has no content")
    return stream


def _check_end(raw: IO[bytes]) -> None:
    """A tar ends with blocks of zeros; tarfile takes a cut between two members for an end."""
    size = raw.seek(0, 2)
    raw.seek(max(0, size - 512))
    if any(raw.read(512)):
        raise tarfile.ReadError("the end is missing")
    raw.seek(0)


def _tar_kind(member: tarfile.TarInfo) -> Kind:
    if member.isdir():
        return "folder"
    if member.issym():
        return "link"
    if member.islnk():
        return "copy"
    return "file" if member.isreg() else "other"
