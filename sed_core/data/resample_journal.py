"""What a resampling pass has finished, kept so that a killed pass goes on where it stopped."""

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def digest_samples(samples: NDArray[np.float32]) -> str:
    """BLAKE2b digest of samples, 32 hex digits."""
    return hashlib.blake2b(samples.tobytes(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class FinishedClip:
    """One finished clip.

    Attributes:
        row: its manifest row.
        source: path, size and modification time (ns) of the file that was read.
        start: first sample in the log.
        length: samples in the log; 0 where the file could not be used.
    """

    row: dict[str, Any]
    source: list[Any]
    start: int
    length: int


class ResampleJournal:
    """Two files beside the corpus: samples in the order of finishing, and a line for each clip.

    A line is written after its samples. On opening, every clip is held against its digest, so
    whatever a kill or a crash of the machine left half-written is found and redone.

    Attributes:
        entries: the finished clips by filename.
    """

    def __init__(self, corpus: Path, settings: dict[str, Any]) -> None:
        """Take up the journal of a corpus file; start afresh where its `settings` differ."""
        self._log_path = corpus.with_name(f"{corpus.stem}.samples.part")
        self._lines_path = corpus.with_name(f"{corpus.stem}.journal.part")
        self._header = json.dumps(settings, sort_keys=True).encode() + b"\n"
        self.entries: dict[str, FinishedClip] = {}
        corpus.parent.mkdir(parents=True, exist_ok=True)
        good = self._recover()
        self._end = max((entry.start + entry.length for entry in self.entries.values()), default=0)
        self._log = self._log_path.open("ab", buffering=0)
        self._log.truncate(self._end * np.dtype(np.float32).itemsize)
        self._lines = self._lines_path.open("ab", buffering=0)
        self._lines.truncate(good)
        if not good:
            self._write(self._lines, self._header)

    def add(self, row: dict[str, Any], source: list[Any], samples: NDArray[np.float32]) -> None:
        """Record a finished clip."""
        entry = FinishedClip(row, source, self._end, len(samples))
        self._write(self._log, samples.tobytes())
        self._write(self._lines, json.dumps(asdict(entry)).encode() + b"\n")
        self._end += len(samples)
        self.entries[row["filename"]] = entry

    def samples(self, filename: str) -> NDArray[np.float32]:
        """The samples of a finished clip."""
        entry = self.entries[filename]
        at = entry.start * np.dtype(np.float32).itemsize
        return np.fromfile(self._log_path, np.float32, entry.length, offset=at)

    def close(self) -> None:
        """Keep both files for the next run."""
        self._log.close()
        self._lines.close()

    def remove(self) -> None:
        """Delete both files: the corpus is written."""
        self.close()
        self._lines_path.unlink()
        self._log_path.unlink()

    def _recover(self) -> int:
        """Read the entries that are whole; return how many bytes of the lines they take."""
        if not (self._lines_path.exists() and self._log_path.exists()):
            return 0
        with self._lines_path.open("rb") as lines:
            if lines.readline() != self._header:
                return 0
            good = len(self._header)
            for line in lines:
                try:
                    entry = FinishedClip(**json.loads(line))
                except (ValueError, TypeError):
                    break  # cut off while it was written
                name = entry.row["filename"]
                self.entries[name] = entry
                if entry.length and digest_samples(self.samples(name)) != entry.row["digest"]:
                    del self.entries[name]
                    break
                good += len(line)
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
