"""Archives into a folder, and never beside it.

Each file appears whole or not at all. A file that is already there with the same bytes stays
untouched, so that an interrupted unpacking goes on where it stopped; one with other bytes is
somebody's work, and is never overwritten.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO

from sed_core.data.download.archive import Entry, open_archive
from sed_core.data.download.checksum import require_space
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import atomic
from sed_core.runtime.progress import progress

BLOCK = 1 << 20
LONGEST = 4096
"""Bytes of a path, with the zero behind it, that Linux takes in one piece (PATH_MAX)."""


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
        roots: folder names such as "audio"; where given, a member's path is cut so that it
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
            path = _cut(entry.name, roots)
            if path and any(fnmatchcase(entry.name, pattern) for pattern in members):
                found = True
                place.put(entry, path)
            bar.update(opened.position() - bar.n)
    if not found:
        raise SedError(f"nothing in {archive} matches {', '.join(members)}; check the patterns.")
    return Unpacked(place.written, place.kept)


def _cut(name: str, roots: Sequence[str]) -> str:
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
        """Write one member, below its (possibly cut) name."""
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
        cut = entry.name.removesuffix(name)  # what `roots` took away from the front
        original = self.root / entry.points_to.removeprefix(cut)
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
