"""Embeddings where the training runs: on the GPU or in RAM if they fit, else memory-mapped."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sed_core.features.embeddings.alignment_registry import ALIGNMENTS
from sed_core.features.embeddings.embedding_file import EmbeddingFile
from sed_core.features.embeddings.stored_windows import is_one_window, stored_starts
from sed_core.features.resident_audio import place_arrays
from sed_core.runtime.errors import SedError


class ResidentEmbeddings:
    """Embeddings of the recordings of some splits behind one index.

    Memory: 2 bytes a value on the device or in RAM, or nothing but the pages in use where they are
    memory-mapped. AST on all of DESED 2022: 5 GB `aligned`, 62 GB `frame`.

    Args:
        files: one a split, in the order in which clip indices count.
        filenames: the recordings of each split in that order.
        kind: that the network reads, of `embedding_kinds.STORED`.
        times: (T,) centres of the frames that the network wants, for kinds of `ALIGNMENTS`.
        device: where batches are wanted.
        processes: that do the same at the same time, and share the RAM.

    Raises:
        SedError: a recording has no embedding, or the files differ in kind or shape.
    """

    def __init__(
        self,
        files: Sequence[Path],
        filenames: Sequence[Sequence[str]],
        *,
        kind: str,
        times: np.ndarray,
        device: torch.device,
        processes: int = 1,
    ) -> None:
        opened = [EmbeddingFile.open(path) for path in files]
        first = opened[0]
        for file in opened[1:]:
            if _told(file) != _told(first):
                raise SedError(
                    f"{file.path} and {first.path} come from different pretrained weights; delete "
                    "the older one and run the same command again."
                )
        self.device = device
        self.size = first.rows.shape[1]
        self.positions = [
            file.positions(names) for file, names in zip(opened, filenames, strict=True)
        ]
        self.firsts = np.cumsum([0, *(len(names) for names in filenames)])
        self.paths = [file.path for file in opened]
        self.windows = [(file.firsts, file.starts) for file in opened]
        self.rows = place_arrays([_mapped(file) for file in opened], device, processes)
        build = ALIGNMENTS.get(kind)
        self.alignment = build and build(first.times, times).to(device)

    def require(self, lengths: np.ndarray, window: int) -> None:
        """Refuse files with nothing but the beginnings of long recordings.

        Args:
            lengths: (N,) samples of the recordings of all splits.
            window: samples of a window.

        Raises:
            SedError: such a file, named.
        """
        for clip, length in enumerate(lengths.tolist()):
            if is_one_window(length, window):
                continue
            if self.starts(clip).tolist() != stored_starts(length, window):
                split = self._rows(clip)[0]
                raise SedError(
                    f"{self.paths[split]} has no embeddings of the later windows of recordings "
                    "longer than a clip; delete that file, and the same command extracts them."
                )

    def starts(self, clip: int) -> np.ndarray:
        """First samples of the windows of a recording that have embeddings."""
        split, first, stop = self._rows(clip)
        return self.windows[split][1][first:stop]

    def _rows(self, clip: int) -> tuple[int, int, int]:
        split = int(np.searchsorted(self.firsts, clip, side="right")) - 1
        place, firsts = self.positions[split][clip - self.firsts[split]], self.windows[split][0]
        return split, int(firsts[place]), int(firsts[place + 1])

    def gather(self, clips: Sequence[int], starts: Sequence[int] | None = None) -> torch.Tensor:
        """Embeddings of a batch.

        Args:
            clips: recordings.
            starts: first samples of the windows; of a recording with one row it is that one's.
                None: the first windows.

        Returns:
            (B, D, T) or (B, D) float32 on the device; aligned ones at the wanted frames.
        """
        found = []
        for clip, start in zip(clips, starts or [0] * len(clips), strict=True):
            split, row, stop = self._rows(clip)
            if stop - row > 1:
                row += int(np.searchsorted(self.windows[split][1][row:stop], start))
            found.append(self.rows[split][row])
        batch = torch.stack(found).to(self.device)
        if self.alignment is not None:
            return self.alignment(batch)
        # In memory the values of a frame follow each other: a GRU reads them like that.
        return batch.mT.contiguous().float().mT if batch.ndim == 3 else batch.float()


def _told(file: EmbeddingFile) -> tuple[Any, ...]:
    """What has to be the same in all files."""
    source = file.provenance
    return source.get("weights"), source.get("options"), file.rows.shape[1:]


def _mapped(file: EmbeddingFile) -> np.ndarray:
    """Rows mapped copy-on-write: torch wants writable memory, nothing is ever written."""
    assert isinstance(file.rows, np.memmap)
    return np.memmap(file.path, np.float16, "c", offset=file.rows.offset, shape=file.rows.shape)
