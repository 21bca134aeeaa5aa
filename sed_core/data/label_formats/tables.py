"""A row an event, as in DESED; with tabs, or as CSV.

A row with a file name only says that nothing is there.
"""

import csv
import io
from collections.abc import Iterable, Iterator

from sed_core.data.label_formats.labelled_events import (
    Label,
    RecordingLabels,
    Source,
    confidence,
    decimal,
    in_time,
    score,
    timed,
)

COLUMNS = ("filename", "onset", "offset", "event_label")
SCORES = ("mean_score", "peak_score")


def write_tsv(recordings: Iterable[RecordingLabels]) -> Iterator[str]:
    """With tabs."""
    return _write(recordings, "\t")


def write_csv(recordings: Iterable[RecordingLabels]) -> Iterator[str]:
    """With commas; cells that hold one are quoted."""
    return _write(recordings, ",")


def read_tsv(source: Source) -> list[RecordingLabels]:
    """With tabs, cells as they are."""
    return _read(source, [line.split("\t") for line in source.text.splitlines()])


def read_csv(source: Source) -> list[RecordingLabels]:
    """With commas or semicolons."""
    first = source.text.split("\n", 1)[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    return _read(source, list(csv.reader(io.StringIO(source.text), delimiter=separator)))


def _write(recordings: Iterable[RecordingLabels], separator: str) -> Iterator[str]:
    yield _line([*COLUMNS, *SCORES], separator)
    for recording in recordings:
        if not recording.labels:
            yield _line([recording.filename, *[""] * 5], separator)
        for label in recording.labels:
            times = decimal(label.onset), decimal(label.offset)
            scores = score(label.mean), score(label.peak)
            yield _line([recording.filename, *times, label.name, *scores], separator)


def _line(cells: list[str], separator: str) -> str:
    if separator == "\t":
        return "\t".join(cells) + "\n"
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, lineterminator="\n").writerow(cells)
    return stream.getvalue()


def _read(source: Source, rows: list[list[str]]) -> list[RecordingLabels]:
    header = [cell.strip() for cell in rows[0]] if rows else []
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise source.refuse(
            f"column {missing[0]} is missing; expected the columns {', '.join(COLUMNS)}.", 1
        )
    found: dict[str, list[Label]] = {}
    for number, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        name, onset, offset, label = (row.get(column, "") for column in COLUMNS)
        if not name:
            raise source.refuse("no filename; name the recording or delete this row.", number)
        labels = found.setdefault(name, [])
        if onset or offset or label:
            mean, peak = (
                confidence(source, row[column], number) if row.get(column) else None
                for column in SCORES
            )
            labels.append(Label(*timed(source, onset, offset, number), label, mean, peak))
    return [RecordingLabels(name, in_time(labels)) for name, labels in found.items()]
