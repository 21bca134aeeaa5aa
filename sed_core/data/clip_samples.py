"""Samples of one recording on their way to the corpus: in memory, or in a file if it is long."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

IN_MEMORY = 1 << 21
"""Samples that a recording may hold in memory: 8 MB, 131 s at 16 kHz. Longer ones go to a file."""
_BLOCK = 1 << 20  # samples of a block that is read back


@dataclass(frozen=True)
class ClipSamples:
    """Samples of a recording; cheap to hand from process to process however long it is.

    Attributes:
        digest: BLAKE2b of all samples, 32 hex digits.
        kept: all samples of a short recording, none of a long one.
        file: of a long one, its samples as plain float32.
    """

    digest: str
    kept: Samples
    file: Path | None = None

    def blocks(self) -> Iterator[Samples]:
        """The samples in order, at most a block of a long recording in memory."""
        yield from stored_blocks(self.file) if self.file else [self.kept]

    def remove(self) -> None:
        """Delete the file, if there is one."""
        if self.file:
            self.file.unlink()


def collect(blocks: Iterable[Samples], file: Path, *, limit: int = IN_MEMORY) -> ClipSamples:
    """Take up the blocks of a recording; memory is at most `limit` samples and a block.

    Args:
        blocks: samples in order, of any lengths.
        file: where those of a recording of more than `limit` samples go.
        limit: samples.
    """
    digest = hashlib.blake2b(digest_size=16)
    waiting: list[Samples] = []
    held, spilled = 0, False
    try:
        for block in blocks:
            digest.update(block.tobytes())
            waiting.append(block)
            held += len(block)
            if held > limit:
                _append(file, waiting, fresh=not spilled)
                waiting, spilled = [], True
        if spilled:
            _append(file, waiting, fresh=False)
            waiting = []
    except OSError as error:
        error.filename = error.filename or str(file)
        raise
    kept = np.concatenate([np.zeros(0, np.float32), *waiting])
    return ClipSamples(digest.hexdigest(), kept, file if spilled else None)


def stored_blocks(file: Path, first: int = 0, count: int | None = None) -> Iterator[Samples]:
    """Samples of a file of plain float32, block by block.

    Args:
        file: to read.
        first: byte at which they begin.
        count: how many; none means all that follow.
    """
    left = (file.stat().st_size - first) // 4 if count is None else count
    with file.open("rb") as stream:
        stream.seek(first)
        while left:
            block = np.fromfile(stream, np.float32, min(left, _BLOCK))
            left -= len(block)
            yield block


def _append(file: Path, blocks: Iterable[Samples], *, fresh: bool) -> None:
    with file.open("wb" if fresh else "ab") as stream:
        for block in blocks:
            stream.write(block.tobytes())
