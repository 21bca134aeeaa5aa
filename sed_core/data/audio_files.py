"""Which audio files a folder holds, by their names alone."""

import os
from pathlib import Path

from sed_core.data.audio import SUFFIXES
from sed_core.runtime.errors import SedError


def is_audio(name: str, suffixes: tuple[str, ...] = SUFFIXES) -> bool:
    """Whether a file of this name is audio; hidden ones, such as those of macOS, are not."""
    return name.lower().endswith(suffixes) and not name.startswith(".")


def files_in(folder: Path) -> list["os.DirEntry[str]"]:
    """All files of a folder of recordings, by name.

    Where none of them is audio, those of its subfolders follow, as in MAESTRO, which has a folder
    for each place. One system call a folder.
    """
    entries = _sorted(folder)
    files = [entry for entry in entries if not entry.is_dir()]
    if any(is_audio(entry.name) for entry in files):
        return files
    inner = [entry for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
    return files + [file for one in inner for file in _sorted(one.path) if not file.is_dir()]


def audio_files(folder: Path) -> dict[str, Path]:
    """The audio files of a folder, or of its subfolders, by name.

    Raises:
        SedError: two subfolders have a file of one name.
    """
    found: dict[str, Path] = {}
    for entry in files_in(folder):
        if not is_audio(entry.name):
            continue
        if entry.name in found:
            raise SedError(
                f"{folder}: {entry.name} lies in {found[entry.name].parent.name} and in "
                f"{Path(entry.path).parent.name}; recordings of a split need names of their own, "
                "so rename one."
            )
        found[entry.name] = Path(entry.path)
    return found


def count_audio(folder: Path) -> int:
    """Audio files in a folder, or in its subfolders; 0 where there is no folder."""
    if not folder.is_dir():
        return 0
    return sum(is_audio(entry.name) and entry.is_file() for entry in files_in(folder))


def _sorted(folder: str | Path) -> list["os.DirEntry[str]"]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)
