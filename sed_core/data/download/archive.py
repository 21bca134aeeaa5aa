"""Zip and tar archives, read once from front to back, into a folder and never beside it.

Each file appears whole or not at all. A file that is already there with the same bytes stays
untouched, so that an interrupted unpacking goes on where it stopped; one with other bytes is
somebody's work, and is never overwritten.
"""

import bz2
import gzip
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path, PurePosixPath
from tarfile import TarInfo
from typing import IO, Any

from sed_core.data.download.checksum import require_space
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import atomic
from sed_core.runtime.progress import progress

BLOCK = 1 << 20
LONGEST = 4096  # bytes of a path, zero included, that Linux takes in one piece (PATH_MAX)

# Not tarfile's own: it does not look at a gzip's checksum.
_OPENERS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"BZh": bz2.open,
}
_ZIP_TYPES = {0: tarfile.REGTYPE, stat.S_IFREG: tarfile.REGTYPE, stat.S_IFLNK: tarfile.SYMTYPE}
_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, lzma.LZMAError, zlib.error),
    *(EOFError, UnicodeDecodeError),
    NotImplementedError,  # zip compression that Python does not know
)
# A member's header, and what gives its bytes, only before the next member is taken.
Members = Iterator[tuple[TarInfo, Callable[[], IO[bytes]]]]


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
    """Unpack a .zip, .tar, .tar.gz, .tar.xz or .tar.bz2, known by its first bytes.

    Memory: one block of 1 MiB, and a zip's table of contents.

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
        _opened(archive) as raw,
        progress(total=archive.stat().st_size, desc=archive.name, unit="B") as bar,
    ):
        bar.unit_scale = True
        folder.mkdir(parents=True, exist_ok=True)
        place = _Place(archive, folder.resolve())
        found = False
        for member, read in _members(raw, folder):
            name = _shorten(member.name, roots)
            if name and any(fnmatchcase(member.name, pattern) for pattern in members):
                found = True
                place.put(member, name, read)
            bar.update(raw.tell() - bar.n)
    if not found:
        raise SedError(f"nothing in {archive} matches {', '.join(members)}; check the patterns.")
    return Unpacked(place.written, place.kept)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The archive's bytes; damage that shows while they are read becomes one sentence."""
    if not path.is_file():
        raise SedError(f"{path} does not exist; download it first.")
    try:
        with path.open("rb") as raw:
            yield raw
    except _DAMAGED as error:
        reason = str(error) or type(error).__name__
        raise SedError(
            f"{path} is damaged or no zip or tar archive ({reason}); delete it and download it "
            "again."
        ) from error


def _members(raw: IO[bytes], folder: Path) -> Members:
    magic = raw.read(6)
    raw.seek(0)
    is_zip = magic.startswith((b"PK\x03\x04", b"PK\x05\x06"))
    return _zip_members(raw, folder) if is_zip else _tar_members(raw, magic)


def _zip_members(raw: IO[bytes], folder: Path) -> Members:
    """With the headers of a tar, so that both are judged by the same rules."""
    archive = zipfile.ZipFile(raw)
    if not any(folder.iterdir()):
        require_space(folder, sum(entry.file_size for entry in archive.infolist()))
    for entry in archive.infolist():
        if entry.flag_bits & 1:
            raise SedError(f"{archive.filename} has a password; unpack it by hand.")
        member = TarInfo(entry.filename)
        member.size = entry.file_size
        mode = stat.S_IFMT(entry.external_attr >> 16)  # 0: written where there are no modes
        member.type = _ZIP_TYPES.get(mode, tarfile.CHRTYPE)
        if entry.is_dir():
            member.type = tarfile.DIRTYPE
        elif member.issym():
            member.linkname = archive.read(entry).decode()
        yield member, partial(archive.open, entry)


def _tar_members(raw: IO[bytes], magic: bytes) -> Members:
    openers = [opener for start, opener in _OPENERS.items() if magic.startswith(start)]
    stream = openers[0](raw) if openers else raw
    if not openers:
        _check_end(raw)
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        while (member := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # or it keeps all headers
            yield member, partial(archive.extractfile, member)  # type: ignore[misc]
        while stream.read(BLOCK):  # to the end: only there the checksum of a gzip is
            pass


def _check_end(raw: IO[bytes]) -> None:
    """A tar ends with blocks of zeros; tarfile takes a cut between two members for an end."""
    size = raw.seek(0, 2)
    raw.seek(max(0, size - 512))
    if any(raw.read(512)):
        raise tarfile.ReadError("the end is missing")
    raw.seek(0)


def _shorten(name: str, roots: Sequence[str]) -> str:
    names = name.split("/")
    starts = [at for at, folder in enumerate(names) if folder in roots] if roots else [0]
    return "/".join(names[starts[0] :]) if starts else ""


class _Place:
    """The folder into which one archive is unpacked."""

    def __init__(self, archive: Path, root: Path):
        self.archive = archive
        self.root = root
        self.written = 0
        self.kept = 0

    def put(self, member: TarInfo, name: str, read: Callable[[], IO[bytes]]) -> None:
        """Write one member, below its (possibly shortened) name."""
        target, aim = self.root / name, None
        if member.issym():
            aim = target.parent / member.linkname
        elif member.islnk():  # to an earlier member, whose bytes are written once more
            front = member.name.removesuffix(name)  # what `roots` took away
            aim = self.root / member.linkname.removeprefix(front)
        self._check(member, name, aim)
        if member.isdir():
            target.mkdir(parents=True, exist_ok=True)
        elif member.issym():
            self._link(member, target)
        elif aim and not aim.is_file():
            raise self._refuse(member, f"is a link to {member.linkname}, which is not in it")
        else:
            size = aim.stat().st_size if aim else member.size
            with aim.open("rb") if aim else read() as source:
                self._file(member.name, size, source, target)

    def _check(self, member: TarInfo, name: str, aim: Path | None) -> None:
        """Follow the links on disk, whoever made them, as `tarfile.data_filter` does.

        That filter alone would not do: it tidies absolute paths up, looks at links as if nothing
        were to follow them, and follows none beyond `LONGEST`, where the system would. Nor has
        every Python 3.11 got it (Debian's 3.11.2 has not).
        """
        if "\0" in name + member.linkname or "\\" in name or PurePosixPath(name).is_absolute():
            raise self._refuse(member, "has an absolute or malformed path")
        if ".." in PurePosixPath(name).parts:
            raise self._refuse(member, "leads out of the folder")
        for path in (self.root / name, aim):
            if path and len(os.fsencode(os.path.realpath(path))) >= LONGEST:
                raise self._refuse(member, "lies too deep for its links to be checked")
        # "..", after a name, means whatever that name will be a link to: never known now.
        climbs = ".." in PurePosixPath(member.linkname.lstrip("./")).parts
        outside = f"is a link to {member.linkname}, outside of the folder"
        if aim and climbs:
            raise self._refuse(member, outside)
        if not self._is_inside(self.root / name):
            raise self._refuse(member, "leads out of the folder through a link")
        if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
            raise self._refuse(member, "is a device or another special file")
        if aim and (PurePosixPath(member.linkname).is_absolute() or not self._is_inside(aim)):
            raise self._refuse(member, outside)

    def _is_inside(self, path: Path) -> bool:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.root))

    def _file(self, name: str, size: int, source: IO[bytes], target: Path) -> None:
        if target.is_symlink() or target.exists():
            if not _same(source, size, target):
                raise SedError(
                    f"{target} is already there and differs from {name} in {self.archive}; "
                    "move it away, or unpack into another folder."
                )
            self.kept += 1
            return
        with atomic(target) as draft, draft.open("wb") as stream:
            shutil.copyfileobj(source, stream, BLOCK)
            if stream.tell() != size:
                raise EOFError(f"{name} is cut short")
        self.written += 1

    def _link(self, member: TarInfo, target: Path) -> None:
        if target.is_symlink() and target.readlink() == Path(member.linkname):
            self.kept += 1
            return
        if target.is_symlink() or target.exists():
            raise SedError(
                f"{target} is already there, but is a link in {self.archive}; move it away."
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(member.linkname)
        self.written += 1

    def _refuse(self, member: TarInfo, why: str) -> SedError:
        return SedError(
            f"{self.archive}: member {member.name!r} {why}; such an archive is not to be trusted, "
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
