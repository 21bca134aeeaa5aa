"""Progress bars for people: on a terminal only, and never in a log file.

Workflow rules send their output to log files; the workflow names the user's terminal in
`SED_TERMINAL`, and bars go there.
"""

import atexit
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO, TypeVar

from tqdm import tqdm

T = TypeVar("T")

_terminal: TextIO | None = None


def terminal() -> TextIO | None:
    """The stream a person looks at, or None."""
    global _terminal
    if sys.stderr.isatty():
        return sys.stderr
    path = os.environ.get("SED_TERMINAL")
    if _terminal is None and path:
        try:
            _terminal = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 - closed at exit
            atexit.register(_terminal.close)
        except OSError:
            return None
    return _terminal


def progress(
    items: Iterable[T] | None = None, *, total: int | None = None, desc: str = "", unit: str = "it"
) -> "tqdm[Any]":
    """Wrap `items` in a progress bar that stays silent where nobody looks."""
    stream = terminal()
    options: dict[str, Any] = {"leave": False, "mininterval": 0.5, "dynamic_ncols": True}
    return tqdm(
        items, total=total, desc=desc, unit=unit, file=stream, disable=stream is None, **options
    )
