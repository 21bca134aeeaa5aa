"""Many tables of nothing but numbers, read at several times the speed of a general reader.

SciPy's reader of Matrix Market files turns text into the nearest float64, as Python does, but in
compiled code; a tab-separated table becomes such a file with one line of header. It does not mind
what follows a number (`4,5` is 4 to it), so the text is searched for anything unusual first, and a
table that has it is left to a reader that explains.
"""

import io
from collections.abc import Sequence
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
_BROKEN = [end + after for end in (b"-", b"+", b"e", b"E") for after in (b"\t", b"\n")]


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
    plain = b"".join(body for body in bodies if body)
    rows = [body.count(b"\n") if body else 0 for body in bodies]
    try:
        values = _parse(plain, sum(rows), len(columns))
    except ValueError:  # one of them: look at each alone
        return [read_numbers([path], columns)[0] for path in paths] if len(paths) > 1 else [None]
    tables = np.split(values, np.cumsum(rows)[:-1])
    return [table if body else None for table, body in zip(tables, bodies, strict=True)]


def _body(path: Path, columns: list[str]) -> bytes:
    """The rows of a table as text that is safe to parse, or nothing."""
    top, _, body = path.read_bytes().partition(b"\n")
    if _columns(top, path) != columns or not body:
        return b""
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n")
    if not body.endswith(b"\n"):
        body += b"\n"
    shapes = set(body.translate(None, b"0123456789").replace(b"\n", b"\t").split(b"\t"))
    minus = sum(body.count(before + b"-") for before in (b"\t", b"\n", b"e", b"E"))
    minus += body.startswith(b"-")
    characters = np.frombuffer(body, np.uint8)
    tabs = np.cumsum(characters == ord("\t"))[characters == ord("\n")]
    even = np.array_equal(tabs, np.arange(1, len(tabs) + 1) * (len(columns) - 1))
    safe = (
        shapes <= _SHAPES
        and minus == body.count(b"-")
        and not any(part in body for part in _BROKEN)
    )
    return body if safe and even else b""


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
