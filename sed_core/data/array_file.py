"""Files of one large array, written by plain writes that survive a kill, read by mapping.

The array comes last in an HDF5 file and is contiguous: readers map it, and writers append to a
head made in memory, because HDF5 itself crashes the process when the disk is full.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np
from numpy.typing import DTypeLike, NDArray

from sed_core.runtime.errors import SedError

_DIGEST = 16  # bytes
_PART = 1 << 22  # bytes of a block that are read at a time


def array_head(
    name: str,
    shape: Sequence[int],
    dtype: DTypeLike,
    *,
    attributes: Mapping[str, Any],
    index: Mapping[str, Sequence[str] | NDArray],
) -> bytes:
    """An HDF5 file up to where its array `name` begins; `index` are smaller arrays and texts."""
    memory = io.BytesIO()
    with h5py.File(memory, "w") as archive:
        archive.attrs.update(attributes)
        for key, values in index.items():
            texts = not isinstance(values, np.ndarray)
            kind = h5py.string_dtype() if texts else None
            archive.create_dataset(key, data=list(values) if texts else values, dtype=kind)
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)  # a place in the file before any data
        array = archive.create_dataset(name, tuple(shape), dtype, dcpl=layout, fill_time="never")
        begin = array.id.get_offset()
    return memory.getvalue()[:begin]


@contextmanager
def open_array_file(
    path: Path, *, version: int, what: str, rule: str, advice: str = ""
) -> Iterator[h5py.File]:
    """Open a file to read its index and map its array; errors name what it is, and its rule.

    Raises:
        SedError: no such file, another kind of file, or another version.
    """
    if not path.exists():
        raise SedError(f"{path} does not exist; run the rule {rule} for this split first.")
    try:
        with h5py.File(path) as archive:
            if archive.attrs["version"] != version:
                raise KeyError("another format version")
            yield archive
    except (OSError, KeyError, ValueError) as error:
        raise SedError(
            f"{path} is not {what} of this version ({error}); delete it and run again{advice}."
        ) from error


def mapped(path: Path, array: h5py.Dataset) -> NDArray[Any]:
    """The array in the file, nothing of which is read yet."""
    return np.memmap(path, array.dtype, "r", offset=array.id.get_offset(), shape=array.shape)


def block_digest(data: bytes) -> str:
    """BLAKE2b digest, 32 hex digits."""
    return hashlib.blake2b(data, digest_size=_DIGEST).hexdigest()


def _next_digest(stream: IO[bytes], size: int) -> str:
    """Digest of the next `size` bytes, or of those that are left, read part by part."""
    hashed = hashlib.blake2b(digest_size=_DIGEST)
    while size and (part := stream.read(min(size, _PART))):
        hashed.update(part)
        size -= len(part)
    return hashed.hexdigest()


@dataclass(frozen=True)
class Block:
    """A whole block: where it begins, its length in bytes, and what was noted of it."""

    start: int
    size: int
    note: dict[str, Any]


class ResumableFile:
    """A file that grows block by block; after a kill it goes on behind the last whole block.

    Beside it lies a journal: a line of settings, then one for each block, written after it, with
    its digest. Whatever a kill or a crash of the machine left half-written is found and redone;
    where head or settings differ, all is.

    Attributes:
        blocks: that are whole, in order.
    """

    def __init__(
        self, path: Path, journal: Path, *, settings: Mapping[str, Any], head: bytes = b""
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self._journal = path, journal
        self.blocks: list[Block] = []
        first = json.dumps(settings, sort_keys=True).encode() + b"\n"
        good = self._recover(head, first)
        self._end = len(head) + sum(block.size for block in self.blocks)
        self._data = path.open("ab", buffering=0)
        self._data.truncate(self._end if good else 0)
        self._lines = journal.open("ab", buffering=0)
        self._lines.truncate(good)
        if not good:
            self._write(self._data, head)
            self._write(self._lines, first)

    def add(self, data: bytes, note: dict[str, Any]) -> Block:
        """Append a block, and note what it is."""
        return self.add_parts([data], note)

    def add_parts(self, parts: Iterable[bytes], note: dict[str, Any]) -> Block:
        """Append a block whose parts come one after the other; one is in memory at a time."""
        hashed, size = hashlib.blake2b(digest_size=_DIGEST), 0
        for part in parts:
            self._write(self._data, part)
            hashed.update(part)
            size += len(part)
        line = {"size": size, "digest": hashed.hexdigest(), "note": note}
        self._write(self._lines, json.dumps(line).encode() + b"\n")
        self.blocks.append(Block(self._end, size, note))
        self._end += size
        return self.blocks[-1]

    def close(self) -> None:
        """Keep both files for the next run."""
        self._data.close()
        self._lines.close()

    def finish(self, target: Path | None) -> None:
        """Put the file in its place, or delete it where there is none; delete the journal."""
        self.close()
        if target:
            self.path.replace(target)
        self._journal.unlink()
        self.path.unlink(missing_ok=True)

    def _recover(self, head: bytes, first: bytes) -> int:
        """Find the blocks that are whole; returns how many bytes of the journal they take."""
        if not (self.path.exists() and self._journal.exists()):
            return 0
        with self.path.open("rb") as data, self._journal.open("rb") as lines:
            if data.read(len(head)) != head or lines.readline() != first:
                return 0
            good = len(first)
            for text in lines:
                try:
                    line = json.loads(text)
                    start = data.tell()
                    whole = _next_digest(data, line["size"]) == line["digest"]
                    found = Block(start, line["size"], line["note"])
                except (ValueError, LookupError, TypeError):
                    break  # cut off while it was written
                if not whole:
                    break
                self.blocks.append(found)
                good += len(text)
        return good

    @staticmethod
    def _write(stream: io.FileIO, data: bytes) -> None:
        """Write all of `data` past any buffer; an error names the file."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[stream.write(rest) :]
        except OSError as error:
            error.filename = stream.name
            raise
