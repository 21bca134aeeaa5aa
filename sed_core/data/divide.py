"""A data set of one folder, divided into splits: tables that name whose recordings are whose."""

import csv
import hashlib
import io
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path

from sed_core.data.tsv import read_table
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import write_text


def divide(table: str | Path, shares: Mapping[str, int], folder: str | Path) -> dict[str, int]:
    """Write `<split>.csv` for each split: the rows of `table` whose recordings are its own.

    The order of the names' digests decides: equal tables are divided equally on every machine, and
    neighbours in a series of takes do not end in one split.

    Args:
        table: with a header and a column `filename`; separated by commas if its name ends in .csv,
            else by tabs. All rows of a recording go to one split.
        shares: split -> its share, in percent of the recordings.
        folder: where to; a split's `metadata` names the file.

    Returns:
        Split -> number of recordings.

    Raises:
        SedError: shares that do not make up 100, a split that gets no recording, no such table.
    """
    if sum(shares.values()) != 100 or min(shares.values()) < 1:
        given = " ".join(f"{split}={share}" for split, share in shares.items())
        raise SedError(f"{given} was given; expected shares from 1 that make up 100.")
    read_table(table, ["filename"])  # complains as every step does
    with Path(table).open(newline="", encoding="utf-8-sig") as stream:
        if Path(table).suffix.lower() == ".csv":
            lines = csv.reader(stream)
        else:  # where a quote is a letter, as in every table with tabs
            lines = csv.reader(stream, "excel-tab", quoting=csv.QUOTE_NONE)
        header, *rows = [row for row in lines if any(row)]
    column = [name.strip() for name in header].index("filename")
    names = sorted({row[column].strip() for row in rows}, key=_digest)
    ends = [round(len(names) * end / 100) for end in accumulate(shares.values())]
    parts = {
        split: set(names[start:end])
        for split, start, end in zip(shares, [0, *ends], ends, strict=False)
    }
    for split, own in parts.items():
        if not own:
            raise SedError(f"{table} has {len(names)} recordings: too few for split '{split}'.")
    for split, own in parts.items():
        text = io.StringIO()
        kept = [row for row in rows if row[column].strip() in own]
        csv.writer(text, lineterminator="\n").writerows([header, *kept])
        target = Path(folder) / f"{split}.csv"
        if not target.is_file() or target.read_text(encoding="utf-8") != text.getvalue():
            write_text(target, text.getvalue())  # an untouched table makes nothing anew
    return {split: len(own) for split, own in parts.items()}


def _digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()
