"""Tables with tabs, or commas in .csv files, as text, and complaints that name the row."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sed_core.runtime.errors import SedError
from sed_core.runtime.files import write_text

_OTHER_NAMES = {"class": "event_label"}  # as RealDESED's tables call it
_WRONG_SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars", " ": "spaces"}


def read_table(
    path: str | Path,
    columns: Sequence[str],
    *,
    optional: Sequence[str] = (),
    allow_empty: bool = False,
    separator: str | None = None,
) -> pd.DataFrame:
    """Read the named columns of a file with a header, every cell as text.

    Byte order marks, Windows line ends, blank lines, blanks around a cell and other columns are
    fine; a header without rows is, with `allow_empty`. A column `class` is `event_label`, unless
    there is one of that name, too.

    Args:
        path: the file. Or a folder with a text file for each clip, as URBAN-SED has them: no
            header, lines of onset, offset and event_label, perhaps confidence; the files may lie
            in folders inside, as MAESTRO's do.
        columns: that must be there.
        optional: that are read where they are there.
        allow_empty: no row is no error.
        separator: of the cells; with others than tabs they may be quoted. None: commas if the
            file's name ends in .csv, else tabs.

    Returns:
        One row a line, in file order; the index holds line numbers, the header being line 1, and
        in a folder the file, too.

    Raises:
        SedError: no such file, not text, no rows, a column missing, a row too long.
    """
    file = Path(path)
    separator = separator or ("," if file.suffix.lower() == ".csv" else "\t")
    lines = _folder(file) if file.is_dir() else _lines(file, separator)
    if not lines:
        raise SedError(
            f"{file} is empty; expected a header with the columns {', '.join(columns)} and one "
            "row below it for each entry, so restore the file."
        )
    (_, found), body = lines[0], lines[1:]
    header = [_OTHER_NAMES.get(name, name) for name in found]
    if header.count("event_label") > found.count("event_label") > 0:
        header = found
    _check_header(file, header, columns)
    if not body and not allow_empty:
        raise SedError(f"{file} has a header but no rows below it; restore the file.")
    too_long = [(line, len(cells)) for line, cells in body if len(cells) > len(header)]
    if too_long:
        line, count = too_long[0]
        raise SedError(
            f"{file}, row {line}: {count} fields where the header has "
            f"{len(header)}{_others(len(too_long))}; correct this row."
        )
    table = pd.DataFrame(
        [cells + [""] * (len(header) - len(cells)) for _, cells in body],
        index=[line for line, _ in body],
        columns=header,
        dtype=str,
    )
    return table[[*columns, *(name for name in optional if name in header)]]


def reject(file: str | Path, table: pd.DataFrame, bad: Any, complaint: str) -> None:
    """Raise a `SedError` about the first row where `bad` is true, if there is one.

    Args:
        file: where the table comes from.
        table: its rows, indexed by line number.
        bad: boolean, one a row.
        complaint: what is wrong and what to do; `{column}` stands for the cell of that column.
    """
    lines = table.index[np.asarray(bad, dtype=bool)]
    if len(lines):
        cells = {str(name): cell for name, cell in table.loc[lines[0]].items()}
        text = complaint.format(**cells)
        raise SedError(f"{file}, row {lines[0]}{_others(len(lines))}: {text}")


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table with tabs and a header, atomically; empty cells for missing values."""
    write_text(path, table.to_csv(sep="\t", index=False, lineterminator="\n"))


def numbers(cells: "pd.Series[str]") -> NDArray[np.float64]:
    """Cells as float64, NaN where a cell is not a number; digits are rounded correctly."""
    valid = pd.to_numeric(cells, errors="coerce").notna()
    return cells.where(valid, "nan").to_numpy(dtype=np.float64)


def _folder(folder: Path) -> list[tuple[int | str, list[str]]]:
    """One table of a folder's text files; an empty one is a clip without events."""
    rows: list[tuple[int | str, list[str]]] = []
    for file in sorted(folder.glob("*.txt")) or sorted(folder.glob("*/*.txt")):
        name = f"{file.stem}.wav"
        lines = _lines(file, "\t")
        found = [(f"{line} of {file.name}", [name, *cells]) for line, cells in lines]
        rows += found or [(f"1 of {file.name}", [name, "", "", ""])]
    if not rows:
        raise SedError(
            f"{folder} is a folder; expected a tab-separated file, or a folder with a text file "
            "for each clip."
        )
    header = ["filename", "onset", "offset", "event_label"]
    more = ["confidence"] if any(len(cells) > len(header) for _, cells in rows) else []
    return [(1, header + more), *rows]


def _lines(file: Path, separator: str) -> list[tuple[int | str, list[str]]]:
    """The non-blank lines with their numbers, split into cells."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise SedError(
            f"{file} does not exist; put the annotation file there or correct its path in the "
            "configuration."
        ) from error
    except UnicodeDecodeError as error:
        row = error.object[: error.start].count(b"\n") + 1
        raise SedError(
            f"{file}, row {row}: this is not UTF-8 text (byte {error.start} of the file cannot be "
            "read); save the file as text in UTF-8."
        ) from error
    rows = _quoted(file, text, separator) if separator != "\t" else _plain(text)
    stripped = ((number, [cell.strip() for cell in cells]) for number, cells in rows)
    return [(number, cells) for number, cells in stripped if any(cells) or len(cells) > 1]


def _plain(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line.split("\t")


def _quoted(file: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Rows of a CSV file with the line each begins on; a quoted cell may span several."""
    # Strict, because a quote that is never closed would hide all rows behind it in one cell.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 1
    try:
        for cells in reader:
            yield number, cells
            number = reader.line_num + 1
    except csv.Error as error:
        raise SedError(
            f"{file}, row {number}: its quotes do not match ({error}); expected a cell in quotes "
            'to end with one, and quotes inside it doubled (""), so correct this row.'
        ) from error


def _check_header(file: Path, header: list[str], columns: Sequence[str]) -> None:
    twice = sorted({name for name in columns if header.count(name) > 1})
    if twice:
        raise SedError(f"{file}, row 1: column {twice[0]} is there twice; delete one of the two.")
    missing = [name for name in columns if name not in header]
    if not missing:
        return
    if len(header) == 1:
        for separator, word in _WRONG_SEPARATORS.items():
            names = [name.strip() for name in header[0].split(separator)]
            if set(columns) <= {_OTHER_NAMES.get(name, name) for name in names}:
                raise SedError(
                    f"{file}, row 1: columns are separated by {word}; expected tabs, or commas "
                    "where the file's name ends in .csv, so save the file that way."
                )
    raise SedError(
        f"{file}, row 1: no column {', '.join(missing)} in the header ({', '.join(header)}); "
        f"expected the columns {', '.join(columns)}, so add what is missing."
    )


def _others(count: int) -> str:
    return f" (and {count - 1} more)" if count > 1 else ""
