"""Zip and tar archives, read once from front to back, into a folder and never beside it.

Each file appears whole or not at all. A file that is already there with the same bytes stays
untouched, so that an interrupted unpacking goes on where it stopped; one with other bytes is
somebody's work, and is never overwritten.
"""

import gzip
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from tarfile import TarInfo
from typing import IO

from sed_core.data.download.checksum import require_space
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import atomic
from sed_core.runtime.progress import progress

BLOCK = 1 << 20
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


def unpack(archive: str | Path, folder: str | Path, *, roots: Sequence[str] = ()) -> Unpacked:
    """Unpack a .zip, .tar, .tar.gz, .tar.xz or .tar.bz2, known by its first bytes.

    Memory: one block of 1 MiB, and a zip's table of contents.

    Args:
        archive: the file.
        folder: where to; made if need be.
        roots: folder names such as "audio"; where given, a member's path is shortened so that it
            begins with the first of them, and members below none of them are left out.

    Raises:
        SedError: an unreadable archive, a member that leads outside or is neither file, folder
            nor link, a file that is there with other bytes, a full disk, nothing below `roots`.
    """
    archive, folder = Path(archive), Path(folder)
    if not archive.is_file():
        raise SedError(f"{archive} does not exist; download it first.")
    found = False
    with (
        archive.open("rb") as raw,
        progress(total=archive.stat().st_size, desc=archive.name, unit="B") as bar,
    ):
        bar.unit_scale = True
        folder.mkdir(parents=True, exist_ok=True)
        place = _Place(archive, folder.resolve())
        try:
            for member, read in _members(raw, folder):
                if name := _shorten(member.name, roots):
                    found = True
                    place.put(member, name, read)
                bar.update(raw.tell() - bar.n)
        except _DAMAGED as error:
            reason = str(error).partition(":\n")[0] or type(error).__name__
            raise SedError(
                f"{archive} is damaged or no zip or tar archive ({reason}); delete it and "
                "download it again."
            ) from error
    if not found:
        raise SedError(f"nothing in {archive} lies below {', '.join(roots)}; check `roots`.")
    return Unpacked(place.written, place.kept)


def _members(raw: IO[bytes], folder: Path) -> Members:
    is_zip = raw.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    raw.seek(0)
    return _zip_members(raw, folder) if is_zip else _tar_members(raw)


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
        member.type = tarfile.DIRTYPE if entry.is_dir() else _ZIP_TYPES.get(mode, tarfile.CHRTYPE)
        if member.issym():
            member.linkname = archive.read(entry).decode()
        yield member, partial(archive.open, entry)


def _tar_members(raw: IO[bytes]) -> Members:
    with tarfile.open(fileobj=raw, mode="r:*") as archive:
        while (member := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # or it keeps all headers
            yield member, partial(archive.extractfile, member)  # type: ignore[misc]
        stream = archive.fileobj
        while stream.read(BLOCK):  # to the end: only there the checksum of a gzip is
            pass
        if stream is raw:  # which ends with zeros; a cut between two members looks like the end
            raw.seek(-tarfile.BLOCKSIZE, 2)
            if any(raw.read()):
                raise tarfile.ReadError("the end is missing")


def _shorten(name: str, roots: Sequence[str]) -> str:
    names = name.split("/")
    starts = [at for at, folder in enumerate(names) if folder in roots] if roots else [0]
    return "/".join(names[starts[0] :]) if starts else ""


class _Place:
    """The folder into which one archive is unpacked.

    Nothing is written through a link, whoever made it, and no link leads outside: this is stricter
    than `tarfile.data_filter`, which not every Python 3.11 has (Debian's 3.11.2 has not).
    """

    def __init__(self, archive: Path, root: Path):
        self.archive, self.root = archive, root
        self.written = self.kept = 0

    def put(self, member: TarInfo, name: str, read: Callable[[], IO[bytes]]) -> None:
        """Write one member, below its (possibly shortened) name."""
        target = self._inside(member, name)
        if member.isdir():
            target.mkdir(parents=True, exist_ok=True)
        elif member.issym():
            self._link(member, target)
        elif member.islnk():  # to an earlier member, whose bytes are written once more
            front = member.name.removesuffix(name)  # what `roots` took away
            aim = self._inside(member, member.linkname.removeprefix(front))
            if aim.is_symlink() or not aim.is_file():
                raise self._refuse(member, f"is a link to {member.linkname}, which is not in it")
            with aim.open("rb") as source:
                self._file(member.name, aim.stat().st_size, source, target)
        elif member.isfile():
            with read() as source:
                self._file(member.name, member.size, source, target)
        else:
            raise self._refuse(member, "is a device or another special file")

    def _inside(self, member: TarInfo, name: str) -> Path:
        """Where a name of the archive lies, below the folder."""
        path = PurePosixPath(name)
        if path.is_absolute() or "\\" in name or "\0" in name:
            raise self._refuse(member, "has an absolute or malformed path")
        if ".." in path.parts:
            raise self._refuse(member, "leads out of the folder")
        if any((self.root / folder).is_symlink() for folder in path.parents):
            raise self._refuse(member, "leads out of the folder through a link")
        return self.root / path

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
        # "..", after a name, means whatever that name will be a link to: never known now.
        aim = PurePosixPath(member.linkname)
        climbs = next((at for at, part in enumerate(aim.parts) if part != ".."), len(aim.parts))
        too_far = climbs >= len(target.relative_to(self.root).parts)
        if aim.is_absolute() or ".." in aim.parts[climbs:] or too_far or "\0" in member.linkname:
            raise self._refuse(member, f"is a link to {member.linkname}, outside of the folder")
        if target.is_symlink() and target.readlink() == Path(aim):
            self.kept += 1
            return
        if target.is_symlink() or target.exists():
            raise SedError(
                f"{target} is already there, but is a link in {self.archive}; move it away."
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(aim)
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
