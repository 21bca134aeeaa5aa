"""Many tables of nothing but numbers, read at several times the speed of a general reader.

SciPy's reader of Matrix Market files turns text into the nearest float64, as Python does, but in
compiled code; a tab-separated table becomes such a file with one line of header. It does not mind
what follows a number (`4,5` is 4 to it), so the text is searched for anything unusual first, and a
table that has it is left to a reader that explains.
"""

import io
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import mmread

from sed_core.runtime.errors import SedError

# What is left of a number without its digits. None of these can hide two numbers or half a one,
# given that each minus that is no exponent's begins a cell and no cell ends with one.
_SHAPES = {b"", b".", b"-", b"-."}
_SHAPES |= {
    shape + e + sign for shape in _SHAPES for e in (b"e", b"E") for sign in (b"", b"-", b"+")
}
_TABS = bytes.maketrans(b"\n", b"\t")


def header(path: str | Path) -> list[str]:
    """Column names of a TSV.

    Raises:
        SedError: not UTF-8 text.
    """
    with Path(path).open("rb") as stream:
        return _columns(stream.readline(), path)


def read_numbers(paths: Sequence[Path], columns: Sequence[str]) -> list[NDArray[np.float64] | None]:
    """Tables (rows, columns) of finite numbers; None for one with anything else in it."""
    bodies = [_body(path, list(columns)) for path in paths]
    together = b"".join(bodies)
    rows = [body.count(b"\n") for body in bodies]
    values = None
    if _plain(together, len(columns)):
        with suppress(ValueError):
            values = _parse(together, sum(rows), len(columns))
    if values is None:  # one of them is odd: look at each alone
        return [read_numbers([path], columns)[0] for path in paths] if len(paths) > 1 else [None]
    tables = np.split(values, np.cumsum(rows)[:-1])
    return [table if body else None for table, body in zip(tables, bodies, strict=True)]


def _body(path: Path, columns: list[str]) -> bytes:
    """The rows of a table as text, or nothing if its columns are others."""
    top, _, body = path.read_bytes().partition(b"\n")
    if _columns(top, path) != columns or not body:
        return b""
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n")
    if not body.endswith(b"\n"):
        body += b"\n"
    return body


def _plain(body: bytes, columns: int) -> bool:
    """Whether a text is rows of so many numbers, each complete, and nothing else."""
    shapes = set(body.translate(_TABS, b"0123456789").split(b"\t"))
    if not shapes <= _SHAPES:
        return False
    characters = np.frombuffer(body, np.uint8)
    ends = np.flatnonzero(characters <= ord("\n"))  # of cells
    if len(ends) % columns:
        return False
    rows = characters[ends].reshape(-1, columns)
    if (rows[:, :-1] != ord("\t")).any() or (rows[:, -1] != ord("\n")).any():
        return False
    if (characters[ends - 1] < ord(".")).any() or (characters[ends - 1] > ord("9")).any():
        return False
    minus = np.flatnonzero(characters == ord("-"))
    before = characters[minus[minus > 0] - 1]
    return bool(np.isin(before, np.frombuffer(b"\t\neE", np.uint8)).all())


def _parse(body: bytes, rows: int, columns: int) -> NDArray[np.float64]:
    if not rows:
        return np.zeros((0, columns))
    top = b"%%%%MatrixMarket matrix array real general\n%d %d\n" % (columns, rows)
    values: NDArray[np.float64] = mmread(io.BytesIO(top + body.replace(b"\t", b"\n"))).T
    return values


def _columns(line: bytes, path: str | Path) -> list[str]:
    try:
        return line.decode("utf-8-sig").rstrip("\r\n").split("\t")
    except UnicodeDecodeError as error:
        raise SedError(
            f"{path} is not UTF-8 text; unpack it if it is compressed, or save it as a "
            "tab-separated text file."
        ) from error
