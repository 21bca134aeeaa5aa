"""What a folder holds, cheaply: names, sizes and times, no contents."""

import hashlib
from pathlib import Path
from typing import Any

from sed_core.data.audio_files import files_in
from sed_core.runtime.errors import SedError


def fingerprint(folder: Path) -> str:
    """Digest of names, sizes and modification times of a folder's files; "absent" without one.

    One system call a file: about 0.1 s for the 33,000 clips of DESED.
    """
    if not folder.is_dir():
        return "absent"
    total = hashlib.blake2b(digest_size=16)
    for entry in files_in(folder):
        if entry.is_file():
            stat, name = entry.stat(), entry.path[len(str(folder)) + 1 :]
            total.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return total.hexdigest()


def describe_folder(split: str, audio: Path, annotations: Path | None) -> dict[str, Any]:
    """The receipt of a split that is used in place.

    Raises:
        SedError: the audio folder or the annotation file is not there.
    """
    if not audio.is_dir():
        raise SedError(
            f"split '{split}': there is no folder {audio}; set the data set's root (or SED_DATA) "
            "to the folder below which the splits' `audio` and `annotations` lie."
        )
    if annotations is not None and not annotations.exists():
        raise SedError(
            f"split '{split}': there is no annotation file {annotations}; put it there or change "
            "the split's `annotations` in the configuration."
        )
    stat = annotations.stat() if annotations else None
    return {
        "split": split,
        "audio": str(audio),
        "files": sum(1 for entry in files_in(audio) if entry.is_file()),
        "fingerprint": fingerprint(audio),
        "annotations": str(annotations) if annotations else None,
        "annotations_state": [stat.st_size, stat.st_mtime_ns] if stat else None,
    }
