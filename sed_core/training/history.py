"""The table of a training: one row per validation."""

import csv
import io
from pathlib import Path

from sed_core.runtime.files import write_text

History = list[dict[str, float]]


def write_history(path: Path, history: History) -> None:
    """Write epoch, step and the logged scalars as CSV, six digits each."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    for row in history:
        writer.writerow({key: _cell(value) for key, value in row.items()})
    write_text(path, stream.getvalue())


def _cell(value: float) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
