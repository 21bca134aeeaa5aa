"""Files that are either whole or absent: written under a temporary name, then renamed."""

import fcntl
import functools
import hashlib
import itertools
import json
import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from sed_core.runtime.errors import SedError
from sed_core.runtime.processes import place, started

DECIMALS = 6
_count = itertools.count()


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it onto `path` when the block succeeds.

    The temporary name keeps the suffix (`scores.….part.h5`), because writers choose their format
    by it, and is nobody else's: of several processes that write the same file the last one wins.
    If the block raises, the temporary file is removed and `path` stays as it was.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = temporary(target)
    try:
        yield draft
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def temporary(target: Path) -> Path:
    """A name beside `target` that no other writer of any process has.

    What killed processes of this machine left in the folder is removed at the first call.
    """
    _remove_leftovers(target.parent)
    name = f"{target.stem}.{place()}-{os.getpid()}-{next(_count)}.part{target.suffix}"
    return target.with_name(name)


@functools.cache
def _remove_leftovers(folder: Path) -> None:
    for path in folder.iterdir():
        found = re.search(rf"\.{place()}-(\d+)-\d+\.part(\.[^.]*)?$", path.name)
        if found and started(int(found[1])) is None:
            path.unlink(missing_ok=True)


def lock(stream: IO[Any], busy: str) -> None:
    """Lock an open file for this process alone, until it is closed.

    Raises:
        SedError: another process has it; `busy` begins the sentence.
    """
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise SedError(f"{busy}; wait for it, or end it and run again.") from error


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with atomic(path) as draft:
        draft.write_text(text, encoding="utf-8")


def rounded(value: Any, decimals: int = DECIMALS) -> Any:
    """Copy a JSON-like value with floats rounded and non-finite floats as None."""
    if isinstance(value, dict):
        return {str(key): rounded(item, decimals) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item, decimals) for item in value]
    if hasattr(value, "item") and not isinstance(value, str | bytes):
        value = value.item()  # numpy scalar
    if isinstance(value, float):
        return round(value, decimals) if math.isfinite(value) else None
    return value


def write_json(path: str | Path, value: Any, decimals: int = DECIMALS) -> None:
    """Write `value` with sorted keys and rounded floats, so that equal results are equal bytes."""
    text = json.dumps(rounded(value, decimals), indent=1, sort_keys=True, ensure_ascii=False)
    write_text(path, text + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises:
        SedError: the file is absent or is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SedError(f"{path} does not exist; run the rule that makes it first.") from error
    except IsADirectoryError as error:
        raise SedError(f"{path} is a folder; expected a JSON file.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise SedError(f"{path} is not valid JSON ({error}); delete it and run again.") from error


def digest(path: str | Path) -> str:
    """BLAKE2b digest (32 hex digits) of a file's bytes, read in blocks."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def digest_json(value: Any) -> str:
    """BLAKE2b digest (32 hex digits) of a JSON-like value, independent of key order."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def human_size(size: float) -> str:
    """Bytes for people: 890.2 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
