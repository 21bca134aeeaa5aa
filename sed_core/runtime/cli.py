"""The frame of every script: its arguments, exit codes, mistakes in one sentence, no orphans."""

import ctypes
import errno
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from sed_core.runtime.errors import SedError

_DISK = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.EROFS: "the file system is read-only; choose another folder or mount it writable",
    errno.EACCES: "permission denied; make the folder writable for this user",
}
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask Linux to end this process when its parent dies, so that no orphan keeps a GPU."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def run(main: Callable[[], int | None]) -> NoReturn:
    """Run a script's `main`; turn `SedError` and disk trouble into one line and exit code 1."""
    die_with_parent()
    try:
        code = main() or 0
    except SedError as error:
        code = _complain(str(error))
    except KeyboardInterrupt:
        code = _complain("interrupted; the same command continues where it stopped", 130)
    except BrokenPipeError:  # who reads our output has seen enough (`| head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 128 + signal.SIGPIPE
    except OSError as error:
        if error.errno not in _DISK:
            raise
        code = _complain(f"{error.filename or 'writing'}: {_DISK[error.errno]}.")
    sys.stdout.flush()
    raise SystemExit(code)


def _complain(message: str, code: int = 1) -> int:
    print(f"error: {message}", file=sys.stderr, flush=True)
    return code


def positive(text: str) -> int:
    """A whole number above 0."""
    number = _number(text, "a whole number above 0")
    if number < 1 or number % 1:
        raise SedError(f"'{text}' was given; expected a whole number above 0.")
    return int(number)


def threshold(text: str) -> float:
    """What a score must exceed: scores lie between 0 and 1."""
    number = _number(text, "a threshold from 0 to below 1")
    if not 0 <= number < 1:
        raise SedError(
            f"the threshold is {text}; scores lie between 0 and 1, so give one from 0 to below 1."
        )
    return number


def window(text: str) -> int:
    """Frames of a median filter, 1 or more."""
    number = _number(text, "a number of frames")
    if number < 1 or number % 1:
        raise SedError(
            f"the median window is {text} frames; give a whole number such as 7, or 1 for none."
        )
    return int(number)


def _number(text: str, expected: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise SedError(f"'{text}' is not a number; expected {expected}.") from error
