"""Embeddings of a split in one HDF5 file: float16, one contiguous row a clip."""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sed_core.runtime.errors import SedError

VERSION = 1


@dataclass(frozen=True)
class EmbeddingFile:
    """Read access to the embeddings of a split.

    Attributes:
        path: the HDF5 file.
        filenames: of the clips, in the order of the rows.
        times: (T,) centres of the frames in seconds; empty where frames have no time.
        provenance: encoder, kind, digest of the weights, version of the extractor.
        rows: (N, D, T) or (N, D) float16, mapped from the file.
    """

    path: Path
    filenames: list[str]
    times: NDArray[np.float64]
    provenance: dict[str, Any]
    rows: NDArray[np.float16]

    @classmethod
    def open(cls, path: str | Path) -> "EmbeddingFile":
        """Map a file; no row is read.

        Raises:
            SedError: no such file, another kind of file, or another version.
        """
        file = Path(path)
        if not file.exists():
            raise SedError(f"{file} does not exist; run the rule embed for this split first.")
        try:
            with h5py.File(file) as archive:
                if archive.attrs["version"] != VERSION:
                    raise KeyError("another format version")
                rows = archive["embeddings"]
                return cls(
                    path=file,
                    filenames=archive["filenames"].asstr()[:].tolist(),
                    times=archive["times"][:],
                    provenance=json.loads(archive.attrs["provenance"]),
                    rows=np.memmap(
                        file, np.float16, "r", offset=rows.id.get_offset(), shape=rows.shape
                    ),
                )
        except (OSError, KeyError, ValueError) as error:
            raise SedError(
                f"{file} is not a file of embeddings of this version ({error}); delete it and run "
                "again, or import it with workflow_scripts/import_embeddings.py."
            ) from error

    def positions(self, filenames: Sequence[str]) -> NDArray[np.int64]:
        """Rows of these clips.

        Raises:
            SedError: a clip without an embedding, named.
        """
        place = {name: row for row, name in enumerate(self.filenames)}
        missing = [name for name in filenames if name not in place]
        if missing:
            others = f" and {len(missing) - 1} more clips have" if len(missing) > 1 else " has"
            raise SedError(
                f"{missing[0]}{others} no embedding in {self.path}; delete that file, and the same "
                "command extracts it for the clips that are there now."
            )
        return np.array([place[name] for name in filenames], dtype=np.int64)


class EmbeddingWriter:
    """Fills a file block by block; after a kill the same call goes on behind the last whole block.

    Until `finish`, the file lies beside its place as `<name>.rows.part`, with a journal that has
    one digest for each block: whatever a kill or a crash left half-written is found and redone.

    Attributes:
        done: rows that are written.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        filenames: Sequence[str],
        times: NDArray[np.float64],
        shape: Sequence[int],
        provenance: Mapping[str, Any],
    ) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._part = self.path.with_name(f"{self.path.stem}.rows.part")
        self._journal = self.path.with_name(f"{self.path.stem}.journal.part")
        self.shape, self.count = tuple(shape), len(filenames)
        self._row_bytes = int(np.prod(self.shape)) * np.dtype(np.float16).itemsize
        self._head = _head(filenames, times, (self.count, *self.shape), provenance)
        lines = self._recover()
        self.done = sum(line["rows"] for line in lines)
        mode = "r+b" if lines else "wb"
        self._stream = self._part.open(mode, buffering=0)
        if not lines:
            self._stream.write(self._head)
        self._stream.truncate(len(self._head) + self.done * self._row_bytes)
        self._stream.seek(0, io.SEEK_END)
        self._lines = self._journal.open("w", encoding="utf-8", buffering=1)
        self._lines.writelines(json.dumps(line) + "\n" for line in lines)

    def add(self, rows: NDArray[np.floating]) -> None:
        """Append a block of rows (B, *shape); it is rounded to float16."""
        data = np.ascontiguousarray(rows, dtype=np.float16).tobytes()
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._stream.write(rest) :]
        except OSError as error:
            error.filename = str(self._part)
            raise
        self._lines.write(json.dumps({"rows": len(rows), "digest": _digest(data)}) + "\n")
        self.done += len(rows)

    def close(self) -> None:
        """Keep what is there for the next run."""
        self._stream.close()
        self._lines.close()

    def finish(self) -> None:
        """Put the complete file in its place."""
        assert self.done == self.count, f"{self.done} of {self.count} rows"
        self.close()
        self._part.replace(self.path)
        self._journal.unlink()

    def _recover(self) -> list[dict[str, Any]]:
        """Journal lines of the blocks that are whole; none where anything else was begun."""
        if not (self._part.exists() and self._journal.exists()):
            return []
        good = []
        with self._part.open("rb") as stream:
            if stream.read(len(self._head)) != self._head:
                return []
            for text in self._journal.read_text(encoding="utf-8").splitlines():
                try:
                    line = json.loads(text)
                    data = stream.read(line["rows"] * self._row_bytes)
                except (ValueError, KeyError):
                    break  # cut off while it was written
                if _digest(data) != line["digest"]:
                    break
                good.append(line)
        return good


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _head(
    filenames: Sequence[str],
    times: NDArray[np.float64],
    shape: tuple[int, ...],
    provenance: Mapping[str, Any],
) -> bytes:
    """An HDF5 file up to where its rows begin; plain writes do the rest."""
    memory = io.BytesIO()
    with h5py.File(memory, "w") as archive:
        archive.attrs["version"] = VERSION
        archive.attrs["provenance"] = json.dumps(dict(provenance), sort_keys=True)
        archive.create_dataset("filenames", data=list(filenames), dtype=h5py.string_dtype())
        archive.create_dataset("times", data=np.asarray(times, dtype=np.float64))
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)  # a place in the file before any data
        rows = archive.create_dataset(
            "embeddings", shape, np.float16, dcpl=layout, fill_time="never"
        )
        begin = rows.id.get_offset()
    return memory.getvalue()[:begin]
