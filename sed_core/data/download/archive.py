"""Zip and tar archives, read once from front to back, into a folder and never beside it.

Each file appears whole or not at all. A file that is already there with the same bytes stays
untouched, so that an interrupted unpacking goes on where it stopped; one with other bytes is
somebody's work, and is never overwritten.
"""

import bz2
import gzip
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal

from sed_core.data.download.checksum import require_space
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import atomic
from sed_core.runtime.progress import progress

BLOCK = 1 << 20
LONGEST = 4096
"""Bytes of a path, with the zero behind it, that Linux takes in one piece (PATH_MAX)."""

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
    kinds: dict[bytes, Kind] = {b"5": "folder", b"2": "link", b"1": "copy"}  # POSIX type flags
    return kinds.get(member.type, "file" if member.isreg() else "other")


@dataclass(frozen=True)
class Unpacked:
    """How many files were written now, and how many were already there."""

    written: int
    kept: int


def unpack(
    archive: str | Path,
    folder: str | Path,
    *,
    members: Sequence[str] = ("*",),
    roots: Sequence[str] = (),
) -> Unpacked:
    """Unpack a zip or tar archive, streaming; memory: one block of 1 MiB.

    Args:
        archive: the file.
        folder: where to; made if need be.
        members: shell patterns; only matching names (as in the archive) are unpacked.
        roots: folder names such as "audio"; where given, a member's path is shortened so that it
            begins with the first of them, and members below none of them are left out.

    Raises:
        SedError: an unreadable archive, a member that leads outside or is neither file, folder
            nor link, a file that is there with other bytes, a full disk, nothing that matches.
    """
    archive, folder = Path(archive), Path(folder)
    with (
        open_archive(archive) as opened,
        progress(total=opened.total, desc=archive.name, unit="B") as bar,
    ):
        bar.unit_scale = True
        folder.mkdir(parents=True, exist_ok=True)
        if opened.unpacked_size is not None and not any(folder.iterdir()):
            require_space(folder, opened.unpacked_size)
        place = _Place(archive, folder.resolve())
        found = False
        for entry in opened.entries:
            path = _shorten(entry.name, roots)
            if path and any(fnmatchcase(entry.name, pattern) for pattern in members):
                found = True
                place.put(entry, path)
            bar.update(opened.position() - bar.n)
    if not found:
        raise SedError(f"nothing in {archive} matches {', '.join(members)}; check the patterns.")
    return Unpacked(place.written, place.kept)


def _shorten(name: str, roots: Sequence[str]) -> str:
    if not roots:
        return name
    parts = name.split("/")
    first = next((number for number, part in enumerate(parts) if part in roots), len(parts))
    return "/".join(parts[first:])


class _Place:
    """The folder into which one archive is unpacked."""

    def __init__(self, archive: Path, root: Path):
        self.archive = archive
        self.root = root
        self.written = 0
        self.kept = 0
        self._safe: set[Path] = set()  # folders known to be inside

    def put(self, entry: Entry, name: str) -> None:
        """Write one member, below its (possibly shortened) name."""
        target = self._target(entry, name)
        if entry.kind == "folder":
            target.mkdir(parents=True, exist_ok=True)
        elif entry.kind == "file":
            with entry.read() as source:
                self._file(source, entry, target)
        elif entry.kind == "copy":
            self._copy(entry, target, name)
        elif entry.kind == "link":
            self._link(entry, target)
        else:
            raise self._refuse(entry, "is a device or another special file")

    def _target(self, entry: Entry, name: str) -> Path:
        path = PurePosixPath(name)
        if "\0" in name or "\\" in name or path.is_absolute():
            raise self._refuse(entry, "has an absolute or malformed path")
        if ".." in path.parts:
            raise self._refuse(entry, "leads out of the folder")
        target = self.root / path
        inside = target if entry.kind == "folder" else target.parent
        self._require_inside(entry, inside)
        return target

    def _require_inside(self, entry: Entry, path: Path) -> None:
        """Follow the links on disk, whoever made them."""
        if path not in self._safe:
            if not self._resolved(entry, path).is_relative_to(self.root):
                raise self._refuse(entry, f"leads out of {self.root} through a link")
            self._safe.add(path)

    def _resolved(self, entry: Entry, path: Path) -> Path:
        """Where a path leads; Python follows no link beyond `LONGEST`, but the system would."""
        found = path.resolve()
        if len(os.fsencode(found)) >= LONGEST:
            raise self._refuse(entry, "lies too deep for its links to be checked")
        return found

    def _file(self, source: IO[bytes], entry: Entry, target: Path) -> None:
        if target.is_symlink() or target.exists():
            if not _same(source, entry.size, target):
                raise SedError(
                    f"{target} is already there and differs from {entry.name} in {self.archive}; "
                    "move it away, or unpack into another folder."
                )
            self.kept += 1
            return
        with atomic(target) as part, part.open("wb") as stream:
            count = 0
            while block := source.read(BLOCK):
                count += stream.write(block)
            if count != entry.size:
                raise EOFError(f"{entry.name} is cut short")
        self.written += 1

    def _copy(self, entry: Entry, target: Path, name: str) -> None:
        """A tar hard link names an earlier member; write its bytes once more."""
        front = entry.name.removesuffix(name)  # what `roots` took away from the front
        original = self.root / entry.points_to.removeprefix(front)
        self._require_inside(entry, original)
        if ".." in PurePosixPath(entry.points_to).parts or not original.is_file():
            raise self._refuse(entry, f"is a link to {entry.points_to}, which is not in it")
        size = original.stat().st_size
        with original.open("rb") as source:
            whole = Entry(entry.name, "file", size, "", entry.read)
            self._file(source, whole, target)

    def _link(self, entry: Entry, target: Path) -> None:
        pointed = PurePosixPath(entry.points_to)
        aim = self._resolved(entry, target.parent / pointed)
        # "..", after a name, means whatever that name will be a link to: never known now.
        climbs = ".." in PurePosixPath(entry.points_to.lstrip("./")).parts
        if pointed.is_absolute() or climbs or not aim.is_relative_to(self.root):
            raise self._refuse(entry, f"is a link to {entry.points_to}, outside of the folder")
        if target.is_symlink() and target.readlink() == Path(pointed):
            self.kept += 1
            return
        if target.is_symlink() or target.exists():
            raise SedError(
                f"{target} is already there, but is a link in {self.archive}; move it away."
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(pointed)
        self._safe.clear()
        self.written += 1

    def _refuse(self, entry: Entry, why: str) -> SedError:
        return SedError(
            f"{self.archive}: member {entry.name!r} {why}; such an archive is not to be trusted, "
            "so it was not unpacked further."
        )


def _same(source: IO[bytes], size: int, target: Path) -> bool:
    """Whether `target` is a plain file with exactly the bytes of `source`."""
    if target.is_symlink() or not target.is_file() or target.stat().st_size != size:
        return False
    with target.open("rb") as stream:
        while block := source.read(BLOCK):
            if stream.read(len(block)) != block:
                return False
    return True
