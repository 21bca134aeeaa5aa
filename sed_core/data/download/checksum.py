"""Is this file the one that was published? Sizes, checksums, free disk space."""

import hashlib
import re
import shutil
from pathlib import Path

from sed_core.runtime.errors import SedError
from sed_core.runtime.files import human_size

_BY_LENGTH = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}


def parse_checksum(text: str) -> tuple[str, str]:
    """Split "md5:362f…" into algorithm and digest; a bare digest is known by its length.

    Raises:
        SedError: neither form, or an algorithm that Python does not have.
    """
    name, _, value = text.strip().lower().rpartition(":")
    name = name or _BY_LENGTH.get(len(value), "")
    plain = name in hashlib.algorithms_guaranteed and not name.startswith("shake")
    if not plain or not re.fullmatch(r"[0-9a-f]{32,128}", value):
        raise SedError(
            f"checksum {text!r} is not understood; write it as md5:<32 hex digits> "
            "or sha256:<64 hex digits>."
        )
    return name, value


def problem(path: Path, size: int | None, checksum: str | None) -> str | None:
    """What is wrong with the file, as the end of a sentence, or None."""
    found = path.stat().st_size
    if size is not None and found != size:
        return f"has {found:,} bytes instead of {size:,}"
    if checksum:
        algorithm, expected = parse_checksum(checksum)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, algorithm).hexdigest()
        if digest != expected:
            return f"has the {algorithm} {digest} instead of {expected}"
    return None


def require_space(folder: Path, size: int) -> None:
    """Refuse to begin what cannot be finished.

    Raises:
        SedError: the file system of `folder` has less than `size` bytes free.
    """
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < size:
        raise SedError(
            f"{folder} has {human_size(free)} free, but {human_size(size)} are needed; "
            "free some space or choose a folder on another disk."
        )
