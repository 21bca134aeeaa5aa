"""Embeddings of a split in one HDF5 file: float16, one contiguous row a window of a recording."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sed_core.data.array_file import ResumableFile, array_head, mapped, open_array_file
from sed_core.runtime.errors import SedError

VERSION = 1


@dataclass(frozen=True)
class EmbeddingFile:
    """Read access to the embeddings of a split.

    Attributes:
        path: the HDF5 file.
        filenames: of the recordings, in the order of the rows.
        times: (T,) centres of the frames in seconds; empty where frames have no time.
        provenance: encoder, kind, digest of the weights, version of the extractor.
        rows: (R, D, T) or (R, D) float16, mapped from the file.
        firsts: (N + 1,) first row of each recording, and the number of rows.
        starts: (R,) first sample of each row's window.
    """

    path: Path
    filenames: list[str]
    times: NDArray[np.float64]
    provenance: dict[str, Any]
    rows: NDArray[np.float16]
    firsts: NDArray[np.int64]
    starts: NDArray[np.int64]

    @classmethod
    def open(cls, path: str | Path) -> "EmbeddingFile":
        """Map a file; no row is read.

        Raises:
            SedError: no such file, another kind of file, or another version.
        """
        file = Path(path)
        advice = ", or import it with workflow_scripts/import_embeddings.py"
        what = "a file of embeddings"
        with open_array_file(
            file, version=VERSION, what=what, rule="embed", advice=advice
        ) as archive:
            rows = mapped(file, archive["embeddings"])
            several = "firsts" in archive  # else each recording is a clip, and has one row
            return cls(
                path=file,
                filenames=archive["filenames"].asstr()[:].tolist(),
                times=archive["times"][:],
                provenance=json.loads(archive.attrs["provenance"]),
                rows=rows,
                firsts=archive["firsts"][:] if several else np.arange(len(rows) + 1),
                starts=archive["starts"][:] if several else np.zeros(len(rows), np.int64),
            )

    def positions(self, filenames: Sequence[str]) -> NDArray[np.int64]:
        """Places of these recordings in `filenames`.

        Raises:
            SedError: a recording without an embedding, named.
        """
        place = {name: at for at, name in enumerate(self.filenames)}
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

    Until `finish`, the file lies beside its place as `<name>.rows.part`, with its journal.

    Args:
        path: of the file.
        filenames: of the recordings.
        times: see `EmbeddingFile`.
        shape: of a row.
        provenance: see `EmbeddingFile`.
        windows: (R,) recording and (R,) first sample of each row's window; None: a row each.

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
        windows: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
    ) -> None:
        self.path = Path(path)
        self.count = len(filenames if windows is None else windows[0])
        index: dict[str, Any] = {"filenames": filenames, "times": np.asarray(times, np.float64)}
        if windows is not None and self.count > len(filenames):
            recordings, starts = windows
            index["firsts"] = np.searchsorted(recordings, np.arange(len(filenames) + 1))
            index["starts"] = starts
        head = array_head(
            "embeddings",
            (self.count, *shape),
            np.float16,
            attributes={
                "version": VERSION,
                "provenance": json.dumps(dict(provenance), sort_keys=True),
            },
            index=index,
        )
        self._file = ResumableFile(
            self.path.with_name(f"{self.path.stem}.rows.part"),
            self.path.with_name(f"{self.path.stem}.journal.part"),
            settings={},
            head=head,
        )
        self.done = sum(block.note["rows"] for block in self._file.blocks)

    def add(self, rows: NDArray[np.floating]) -> None:
        """Append a block of rows (B, *shape); it is rounded to float16."""
        data = np.ascontiguousarray(rows, dtype=np.float16).tobytes()
        self._file.add(data, {"rows": len(rows)})
        self.done += len(rows)

    def close(self) -> None:
        """Keep what is there for the next run."""
        self._file.close()

    def finish(self) -> None:
        """Put the complete file in its place."""
        assert self.done == self.count, f"{self.done} of {self.count} rows"
        self._file.finish(self.path)
