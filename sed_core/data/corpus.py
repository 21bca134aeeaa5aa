"""All clips of a split in one HDF5 file: samples end to end, and where each clip begins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sed_core.data.array_file import array_head, mapped, open_array_file
from sed_core.runtime.files import atomic

VERSION = 2  # 1 had 16-bit samples


@dataclass(frozen=True)
class Corpus:
    """Read access to the clips of a split.

    Attributes:
        path: the HDF5 file.
        filenames: of the clips, sorted.
        offsets: (N + 1,) int64; clip i is `samples[offsets[i]:offsets[i + 1]]`.
        digests: BLAKE2b of each clip's samples, 32 hex digits.
        sample_rate: Hz.
        samples: (total,) float32, full scale 1; mapped from the file, or in RAM.
    """

    path: Path
    filenames: list[str]
    offsets: NDArray[np.int64]
    digests: list[str]
    sample_rate: int
    samples: NDArray[np.float32]

    @classmethod
    def open(cls, path: str | Path) -> "Corpus":
        """Map a corpus file; nothing but the index is read.

        Raises:
            SedError: no such file, not a corpus, or of another version.
        """
        file = Path(path)
        with open_array_file(file, version=VERSION, what="a corpus", rule="resample") as archive:
            return cls(
                path=file,
                filenames=archive["filenames"].asstr()[:].tolist(),
                offsets=archive["offsets"][:],
                digests=archive["digests"].asstr()[:].tolist(),
                sample_rate=int(archive.attrs["sample_rate"]),
                samples=mapped(file, archive["samples"]),
            )

    def __len__(self) -> int:
        return len(self.filenames)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Samples of each clip."""
        return np.diff(self.offsets)

    def gather(
        self,
        indices: Sequence[int] | NDArray[np.integer],
        n_samples: int,
        *,
        starts: NDArray[np.integer] | None = None,
    ) -> NDArray[np.float32]:
        """A batch of clips, cut or padded with zeros on the right to one length.

        A clip is one contiguous copy: an index array for the whole batch would be four times
        the data itself.

        Args:
            indices: (B,) clips.
            n_samples: length of the result.
            starts: (B,) first sample within each clip; none means 0.

        Returns:
            (B, n_samples) float32.
        """
        batch = np.zeros((len(indices), n_samples), dtype=np.float32)
        first = self.offsets[indices] + (0 if starts is None else starts)
        stop = np.minimum(first + n_samples, self.offsets[np.asarray(indices) + 1])
        for row, begin, end in zip(batch, first, stop, strict=True):
            row[: end - begin] = self.samples[begin:end]
        return batch


def write_corpus(
    path: str | Path,
    *,
    filenames: Sequence[str],
    digests: Sequence[str],
    lengths: Sequence[int],
    clips: Iterable[NDArray[np.float32]],
    sample_rate: int,
) -> None:
    """Write a corpus file atomically, one block of samples in memory at a time.

    Equal clips give equal bytes.

    Args:
        path: HDF5 file to write.
        filenames: of the clips.
        digests: of their samples.
        lengths: how many samples each has.
        clips: their samples, end to end; a clip may come in several blocks.
        sample_rate: Hz.
    """
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    head = array_head(
        "samples",
        (int(offsets[-1]),),
        np.float32,
        attributes={"version": VERSION, "sample_rate": sample_rate},
        index={"offsets": offsets, "filenames": filenames, "digests": digests},
    )
    try:
        with atomic(path) as draft, draft.open("wb") as stream:
            stream.write(head)
            for block in clips:
                stream.write(block.astype(np.float32, copy=False).tobytes())
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
