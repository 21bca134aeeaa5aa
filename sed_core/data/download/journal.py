"""What was tried and why it failed: survives kills, and tells the next run what to skip."""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from sed_core.data.download.reasons import REASONS, RETRYABLE
from sed_core.runtime.errors import SedError

NOT_TRIED = ("not tried yet", "network")


@dataclass(frozen=True)
class Journal:
    """An open journal; one line a failure, `filename <tab> error <tab> reason`."""

    failures: dict[str, tuple[str, str]]  # filename -> (error, reason), the latest
    stream: TextIO

    def add(self, filename: str, error: str, reason: str) -> None:
        """Note a failure at once."""
        text = " ".join(error.split())
        self.failures[filename] = (text, reason)
        self.stream.write(f"{filename}\t{text}\t{reason}\n")
        self.stream.flush()

    def settled(self, filename: str) -> bool:
        """Whether an earlier run learned that this clip is not to be had."""
        return filename in self.failures and self.failures[filename][1] not in RETRYABLE


@contextmanager
def open_journal(path: Path) -> Iterator[Journal]:
    """Read and continue a journal, for this process alone.

    Raises:
        SedError: another process has it open.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SedError(
                f"another process is downloading the clips of {path}; wait for it, or end it."
            ) from error
        stream.seek(0)
        text = stream.read()
        if text and not text.endswith("\n"):
            stream.write("\n")  # a kill tore the last line; it is not counted
        yield Journal(_parse(text), stream)


def missing_table(filenames: list[str], failures: Mapping[str, tuple[str, str]]) -> str:
    """The report as text: filename and error as in the reference, and the reason class."""
    rows = [(name, *failures.get(name, NOT_TRIED)) for name in filenames]
    return "\n".join("\t".join(row) for row in [("filename", "error", "reason"), *rows]) + "\n"


def _parse(text: str) -> dict[str, tuple[str, str]]:
    lines = [line.split("\t") for line in text.split("\n")]
    whole = [line for line in lines if len(line) == 3 and line[2] in REASONS]
    return {filename: (error, reason) for filename, error, reason in whole}
