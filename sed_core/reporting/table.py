"""A table that prints itself as Markdown or plain text, and records as CSV."""

import io
import statistics
from collections.abc import Mapping
from csv import DictWriter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sed_core.runtime.files import write_text

ABSENT = "–"


@dataclass(frozen=True)
class Table:
    """Cells are text. A row of one cell is a heading inside the table.

    Attributes:
        title: heading above the table.
        columns: column names; the first column is aligned left, the others right.
        rows: each as long as `columns`, or one cell.
        notes: sentences below the table.
    """

    title: str
    columns: list[str]
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)

    def without_empty_columns(self) -> "Table":
        """The same without the columns, but for the first, that hold no value in any row."""
        full = [row for row in self.rows if len(row) > 1]
        kept = [
            at
            for at in range(len(self.columns))
            if at == 0 or not full or any(row[at] not in (ABSENT, "") for row in full)
        ]
        rows = [[row[at] for at in kept] if len(row) > 1 else row for row in self.rows]
        return Table(self.title, [self.columns[at] for at in kept], rows, self.notes)

    def _full_rows(self) -> list[list[str]]:
        return [row + [""] * (len(self.columns) - len(row)) for row in self.rows]

    def _widths(self) -> list[int]:
        rows = [row for row in self.rows if len(row) > 1]
        return [max(map(len, column)) for column in zip(self.columns, *rows, strict=True)]

    def markdown(self) -> str:
        """GitHub Markdown, padded so that the source is readable too."""
        rows = [[f"**{row[0]}**"] if len(row) == 1 else row for row in self.rows]
        table = Table(self.title, self.columns, rows, self.notes)
        full = table._full_rows()
        widths = [max(3, *map(len, c)) for c in zip(self.columns, *full, strict=True)]
        rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
        lines = [f"| {' | '.join(_align(row, widths))} |" for row in (self.columns, rule, *full)]
        blocks = [f"## {self.title}", "\n".join(lines)]
        if self.notes:
            blocks.append("\n".join(f"- {note}" for note in self.notes))
        return "\n\n".join(blocks) + "\n"

    def text(self) -> str:
        """Plain text for a terminal."""
        widths = self._widths()
        lines = [self.title, "", "  ".join(_align(self.columns, widths))]
        lines.append("  ".join("-" * width for width in widths))
        for row in self.rows:
            lines.append(row[0] if len(row) == 1 else "  ".join(_align(row, widths)).rstrip())
        lines += ["", *self.notes] if self.notes else []
        return "\n".join(lines) + "\n"


def _align(row: list[str], widths: list[int]) -> list[str]:
    first, *others = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]


def write_tables(
    title: str,
    tables: list[Table],
    *,
    md: Path | None,
    csv: Path | None = None,
    records: list[dict[str, Any]] | None = None,
) -> None:
    """Write tables as Markdown, and records as CSV, where asked for; print the tables."""
    if md:
        write_text(md, markdown(title, tables))
    if csv:
        write_text(csv, csv_text(records or []))
    print(text(tables))


def markdown(title: str, tables: list[Table]) -> str:
    """A Markdown document."""
    return f"# {title}\n\n" + "\n".join(table.markdown() for table in tables)


def text(tables: list[Table]) -> str:
    """All tables as plain text."""
    return "\n".join(table.text() for table in tables)


def csv_text(records: list[dict[str, Any]]) -> str:
    """Records as CSV; columns in order of first appearance, empty where a record lacks one."""
    columns = list(dict.fromkeys(key for record in records for key in record))
    stream = io.StringIO()
    writer = DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return stream.getvalue()


def spread(mean: float | None, std: float | None, decimals: int, *, scale: float = 1.0) -> str:
    """`mean ± std` as the field prints it; without the second part for a single seed."""
    if mean is None:
        return ABSENT
    value = f"{mean * scale:.{decimals}f}"
    return value if std is None else f"{value} ± {std * scale:.{decimals}f}"


def mean_and_std(values: list[float | None]) -> tuple[float | None, float | None]:
    """Mean and sample standard deviation; no mean where a value is unknown, no spread of one."""
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None, None
    return statistics.fmean(known), statistics.stdev(known) if len(known) > 1 else None


def percent(mean: float | None, std: float | None) -> str:
    """A share as `64.1%` or `64.2 ± 0.8%`."""
    value = spread(mean, std, 1, scale=100.0)
    return value if value == ABSENT else value + "%"


def score_cell(scores: Mapping[str, Any], key: str) -> str:
    """A metric of `summary` as `0.302 [0.179, 0.405]`; an F1 in percent; `±` the std over seeds."""
    found = scores["summary"].get(key) or {}
    is_f1, told = key.endswith("_f1"), (found.get("mean"), found.get("std"))
    cell = percent(*told) if is_f1 else spread(*told, 3)
    if not found.get("interval"):
        return cell
    low, high = (f"{edge * 100:.1f}" if is_f1 else f"{edge:.3f}" for edge in found["interval"])
    return f"{cell} [{low}, {high}]"


def kwh(mean: float | None, std: float | None) -> str:
    """Energy in kWh: three decimals as published, three significant digits where that is 0."""
    if mean is None:
        return ABSENT
    decimals = 3
    while 0 < mean < 100 * 10.0**-decimals and decimals < 9:
        decimals += 1
    return spread(mean, std, decimals)


def duration(seconds: float) -> str:
    """A length of time as `7.2 s`, `4 min 05 s` or `5 h 20 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
