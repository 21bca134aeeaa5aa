"""What a resampling pass has finished, kept so that a killed pass goes on where it stopped."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sed_core.data.array_file import Block, ResumableFile, block_digest


def digest_samples(samples: NDArray[np.float32]) -> str:
    """BLAKE2b digest of samples, 32 hex digits."""
    return block_digest(samples.tobytes())


class FinishedClip(NamedTuple):
    """One finished clip."""

    row: dict[str, Any]  # of the manifest
    source: list[Any]  # path, size and modification time (ns) of the file that was read
    start: int  # first byte in the log
    length: int  # samples in the log; 0 where the file could not be used


class ResampleJournal:
    """Two files beside the corpus: samples in the order of finishing, and a line for each clip.

    Attributes:
        entries: the finished clips by filename.
    """

    def __init__(self, corpus: Path, settings: dict[str, Any]) -> None:
        """Take up the journal of a corpus file; start afresh where its `settings` differ."""
        self._file = ResumableFile(
            corpus.with_name(f"{corpus.stem}.samples.part"),
            corpus.with_name(f"{corpus.stem}.journal.part"),
            settings=settings,
        )
        self.entries: dict[str, FinishedClip] = {}
        for block in self._file.blocks:
            self._enter(block)

    def add(self, row: dict[str, Any], source: list[Any], samples: NDArray[np.float32]) -> None:
        """Record a finished clip."""
        self._enter(self._file.add(samples.tobytes(), {"row": row, "source": source}))

    def samples(self, filename: str) -> NDArray[np.float32]:
        """The samples of a finished clip."""
        entry = self.entries[filename]
        return np.fromfile(self._file.path, np.float32, entry.length, offset=entry.start)

    def close(self) -> None:
        """Keep both files for the next run."""
        self._file.close()

    def remove(self) -> None:
        """Delete both files: the corpus is written."""
        self._file.finish(None)

    def _enter(self, block: Block) -> None:
        length = block.size // np.dtype(np.float32).itemsize
        self.entries[block.note["row"]["filename"]] = FinishedClip(
            **block.note, start=block.start, length=length
        )
