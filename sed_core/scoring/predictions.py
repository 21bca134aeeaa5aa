"""Other people's predictions in any of the usual forms, judged by the same metrics."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sed_core.data.tsv import numbers, read_table, reject
from sed_core.runtime.errors import SedError
from sed_core.scoring.evaluate import (
    Settings,
    evaluate_network,
    f1_metrics,
    pair,
    psds_of,
    wanted_clips,
)
from sed_core.scoring.events import COLUMNS, Events, events_from_table
from sed_core.scoring.score_file import Scores, read_scores
from sed_core.scoring.score_folder import header, read_score_folder
from sed_core.scoring.spans import spans_of_events
from sed_core.scoring.truth import Truth, read_truth

KINDS = ("events", "operating points", "scores", "score folder")
_HDF5 = (".h5", ".hdf5")


def kind_of(path: str | Path) -> str:
    """One of `KINDS`, by the ending of a file and the header of a table.

    Raises:
        SedError: the path is absent or none of these.
    """
    path = Path(path)
    if not path.exists():
        raise SedError(f"{path} does not exist; check the path of the predictions.")
    if path.suffix in _HDF5:
        return "scores"
    first = min(path.glob("*.tsv"), default=None) if path.is_dir() else path
    if first is not None:
        columns = set(header(first))
        if set(COLUMNS) <= columns:
            return "operating points" if path.is_dir() or "threshold" in columns else "events"
        if {"onset", "offset"} <= columns and path.is_dir():
            return "score folder"
    raise SedError(
        f"{path} is no prediction that can be scored; expected a TSV with the columns "
        f"{', '.join(COLUMNS)} (and threshold, for many operating points), a folder of such TSVs, "
        "a folder with a TSV of frame scores per clip, or an HDF5 file of scores."
    )


def score_predictions(
    path: str | Path,
    truth: str | Path,
    durations: str | Path,
    *,
    classes: Sequence[str] | None = None,
    settings: Settings,
    allow_missing: bool = False,
) -> dict[str, Any]:
    """Score predictions of any kind.

    Event tables give F1 scores; tables at operating points give PSDS on the scale of those
    points; scores give everything. Tables cannot tell a clip that was not run from one in which
    nothing was found, so only scores can have missing clips.

    Returns:
        {kind, coverage: {present, expected}, networks: {name: metrics}, roc: {name: curves}}

    Raises:
        SedError: anything that does not fit the ground truth.
    """
    kind = kind_of(path)
    if kind in ("events", "operating points"):
        found = read_truth(truth, durations, classes)
        count = int(wanted_clips(found, settings.eventless_clips).sum())
        metrics = _score_tables(Path(path), kind, found, settings)
        coverage = {"present": count, "expected": count}
        return {"kind": kind, "coverage": coverage, "networks": {"system": metrics}, "roc": {}}
    scores = _read_any_scores(path, kind, durations)
    pairing = pair(
        scores,
        read_truth(truth, durations, scores.classes),
        eventless_clips=settings.eventless_clips,
        allow_missing=allow_missing,
    )
    results = {name: evaluate_network(pairing, name, settings) for name in scores.networks}
    return {
        "kind": kind,
        "coverage": {"present": pairing.present, "expected": pairing.expected},
        "networks": {name: result.metrics for name, result in results.items()},
        "roc": {name: result.roc for name, result in results.items()},
    }


def _read_any_scores(path: str | Path, kind: str, durations: str | Path) -> Scores:
    if kind == "scores":
        return read_scores(path)
    filenames = read_table(durations, ("filename", "duration")).filename.tolist()
    return read_score_folder(path, filenames)


def _score_tables(path: Path, kind: str, truth: Truth, settings: Settings) -> dict[str, Any]:
    wanted = wanted_clips(truth, settings.eventless_clips)
    tables = [table[wanted[table.clip]] for table in read_event_tables(path, truth)]
    if kind == "events":
        return f1_metrics(tables[0], truth)
    spans = spans_of_events(tables, len(truth.classes))
    return {
        name: {"dcase2022": psds_of(spans, truth, scenario, "dcase2022").as_dict()}
        for name, scenario in settings.scenarios.items()
    }


def read_event_tables(path: Path, truth: Truth) -> list[Events]:
    """Tables of detections: one, one per `threshold` in a file, or one per file of a folder."""
    files = sorted(path.glob("*.tsv")) if path.is_dir() else [path]
    tables = []
    for file in files:
        several = "threshold" in header(file)
        columns = [*COLUMNS, "threshold"] if several else COLUMNS
        table = read_table(file, columns, allow_empty=True)
        groups = [table]
        if several:
            points = numbers(table.threshold)
            reject(file, table, np.isnan(points), "threshold is {threshold!r}; expected a number.")
            groups = [part for _, part in table.groupby(points)]
        tables += [
            events_from_table(part, truth.filenames, truth.classes, source=str(file))
            for part in groups
        ]
    return tables
