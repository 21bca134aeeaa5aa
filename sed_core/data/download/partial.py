"""A file on its way: `<name>.part` and, beside it, what the server said about it.

The bytes of a `.part` are only continued when they are known to be the beginning of the same
file: the server proves it (If-Range with its ETag or Last-Modified), or a pinned checksum will.
"""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sed_core.runtime.errors import SedError
from sed_core.runtime.files import write_json


class Partial:
    """The unfinished file of one target; made by `open_partial`, which holds its lock."""

    def __init__(self, target: Path, stream: BinaryIO):
        self.path = Path(stream.name)
        self._target = target
        self._stream = stream
        self._note = self.path.with_name(self.path.name + ".json")

    def size(self) -> int:
        """Bytes that are safely there."""
        self._stream.flush()
        return self.path.stat().st_size

    def note(self) -> dict:
        """What the server said when the file was begun: url, etag, modified, total."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}

    def headers(self, url: str, *, pinned: bool) -> dict[str, str]:
        """Request headers that continue the file, or none where it has to start anew."""
        note, offset = self.note(), self.size()
        same = note.get("url") == url
        etag = note.get("etag") or ""
        # A weak ETag does not promise equal bytes, and RFC 9110 forbids it in If-Range.
        proof = note.get("modified") if not etag or etag.startswith("W/") else etag
        if not offset or not (pinned or (same and proof)):
            return {}
        guard = {"If-Range": proof} if same and proof else {}
        return {"Range": f"bytes={offset}-", **guard}

    def begin(self, url: str, headers: Mapping[str, str], total: int | None) -> None:
        """Remember whose bytes come now."""
        note = {
            "url": url,
            "etag": headers.get("ETag"),
            "modified": headers.get("Last-Modified"),
            "total": total,
        }
        write_json(self._note, note)

    def write(self, block: bytes) -> None:
        """Append."""
        self._stream.write(block)

    def discard(self) -> None:
        """Throw the bytes away, keep the lock."""
        self._note.unlink(missing_ok=True)
        self._stream.truncate(0)

    def finish(self) -> None:
        """Put the whole file in its place."""
        self._stream.flush()
        self.path.replace(self._target)
        self._note.unlink(missing_ok=True)


@contextmanager
def open_partial(target: Path) -> Iterator[Partial]:
    """Open (or continue) the `.part` of `target`, for this process alone.

    Raises:
        SedError: another process is downloading the same file.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    path = target.with_name(target.name + ".part")
    with path.open("ab") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SedError(
                f"another process is downloading {target}; wait for it, or end it and run again."
            ) from error
        partial = Partial(target, stream)
        try:
            yield partial
        finally:
            if path.exists() and not partial.size():
                partial.discard()
                path.unlink()
