"""Detections made elsewhere: one table of events, or a table for each operating point."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sed_core.data.tsv import numbers, read_table, reject
from sed_core.runtime.errors import SedError
from sed_core.scoring.events import (
    COLUMNS,
    EMPTY,
    Events,
    events_from_table,
    make_events,
    without_events,
)
from sed_core.scoring.fast_tables import header
from sed_core.scoring.ground_truth import GroundTruth


@dataclass(frozen=True)
class Detections:
    """Detections at operating points.

    Attributes:
        truth: what they are judged by, with the classes that count.
        tables: one an operating point, in the order of rising thresholds or of file names; one
            without events where there is no detection at all.
        notes: what was left out, in words.
    """

    truth: GroundTruth
    tables: list[Events]
    notes: list[str]


def columns_of(path: Path) -> list[str]:
    """Column names of a table that is separated by tabs or commas."""
    columns = header(path)
    if len(columns) == 1 and "," in columns[0]:
        return [name.strip() for name in next(csv.reader(columns))]
    return columns


def read_detections(
    path: str | Path, truth: GroundTruth, classes: Sequence[str] | None = None
) -> Detections:
    """Read a table, one with a column `threshold`, or a folder with a table per operating point.

    Rows that have a file name only say that nothing was found there.

    Args:
        path: the file or folder.
        truth: ground truth with the classes that it has events of.
        classes: those that count; None: those of the truth.

    Raises:
        SedError: as `events_from_table`, or a class that neither the truth nor the tables have.
    """
    files = sorted(Path(path).glob("*.tsv")) if Path(path).is_dir() else [Path(path)]
    tables = [(file, _read(file)) for file in files]
    notes = []
    if classes is not None:
        found = {name for _, table in tables for name in table.event_label} - EMPTY
        unknown = sorted(set(classes) - set(truth.classes) - found)
        if unknown:
            raise SedError(
                f"neither the ground truth nor {path} has a class {', '.join(unknown)}; correct "
                "--classes."
            )
        others = sorted((set(truth.classes) | found) - set(classes))
        if others:
            notes.append(f"Left out, because --classes does not name them: {', '.join(others)}.")
        tables = [(file, table[~table.event_label.isin(others)]) for file, table in tables]
        truth = truth.relabel(classes)
    else:
        complaint = (
            "event_label {event_label!r} is not among the classes of the ground truth; mend or "
            "remove that row, or name with --classes all that count."
        )
        for file, table in tables:
            reject(file, table, ~table.event_label.isin(truth.classes), complaint)
    points = [
        events_from_table(rows, truth.filenames, truth.classes, source=str(file))
        for file, table in tables
        for rows in _by_threshold(file, table)
    ]
    nothing = make_events([], [], [], [])
    return Detections(truth, points or [nothing], notes)


def judged(tables: Sequence[Events], wanted: np.ndarray) -> list[Events]:
    """The detections in the clips marked in a (N,) mask."""
    return [table[wanted[table.clip]] for table in tables]


def _by_threshold(file: Path, table: pd.DataFrame) -> list[pd.DataFrame]:
    if "threshold" not in table:
        return [table]
    points = numbers(table.threshold)
    reject(file, table, np.isnan(points), "threshold is {threshold!r}; expected a number.")
    return [rows for _, rows in table.groupby(points)]


def _read(file: Path) -> pd.DataFrame:
    """Rows that are detections, with the column `threshold` where there is one."""
    columns = columns_of(file)
    wanted = [*COLUMNS, "threshold"] if "threshold" in columns else list(COLUMNS)
    separator = "\t" if len(columns) == 1 or set(header(file)) == set(columns) else ","
    table = read_table(file, wanted, allow_empty=True, separator=separator)
    return table[~without_events(table)]
