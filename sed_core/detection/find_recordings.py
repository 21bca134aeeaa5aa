"""Recordings in files and folders, folders below them included."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sed_core.data.audio import SUFFIXES
from sed_core.data.audio_files import is_audio
from sed_core.runtime.errors import SedError

VIDEO = (".mp4", ".mkv", ".mov", ".avi", ".wma", ".amr", ".caf", ".w64", ".rf64", ".mka", ".oga")


@dataclass(frozen=True)
class Recording:
    """A file to be heard.

    Attributes:
        path: where it is.
        name: in the output: the path below the folder that was named, with slashes.
        size: bytes.
        changed: time of the last change, ns.
    """

    path: Path
    name: str
    size: int
    changed: int


def find(paths: Sequence[Path]) -> list[Recording]:
    """The files named, and those with an audio suffix anywhere in the folders named, sorted.

    Several folders are told apart by their names, which then begin the names of their files.

    Raises:
        SedError: a path that does not exist, a folder without audio, two files of one name.
    """
    found: list[Recording] = []
    folders = sum(path.is_dir() for path in paths)
    for path in paths:
        if not path.exists():
            raise SedError(f"{path} does not exist; name recordings, or folders of them.")
        if not path.is_dir():
            found.append(_recording(path, path.name))
            continue
        prefix = f"{path.resolve().name}/" if folders > 1 else ""
        inside = [
            _recording(file, prefix + file.relative_to(path).as_posix()) for file in _audio(path)
        ]
        if not inside:
            raise SedError(
                f"{path} holds no audio; expected files such as {', '.join(SUFFIXES[:3])}."
            )
        found += inside
    seen: dict[str, Path] = {}
    for one in found:
        if one.name in seen and seen[one.name].resolve() != one.path.resolve():
            raise SedError(
                f"{seen[one.name]} and {one.path} would have one name in the output; give the "
                "folder above them."
            )
        seen[one.name] = one.path
    return list({one.name: one for one in found}.values())


def _audio(folder: Path) -> list[Path]:
    files = []
    for place, below, names in os.walk(folder):
        below[:] = [name for name in below if not name.startswith(".")]
        files += [Path(place, name) for name in names if is_audio(name, (*SUFFIXES, *VIDEO))]
    return sorted(files)


def _recording(path: Path, name: str) -> Recording:
    state = path.stat()
    return Recording(path, name, state.st_size, state.st_mtime_ns)
