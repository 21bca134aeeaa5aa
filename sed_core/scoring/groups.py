"""Metrics of groups of a test set: recordings that share a value in a column of their metadata."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sed_core.data.tsv import read_table, reject
from sed_core.runtime.errors import SedError
from sed_core.scoring.aligned_scores import AlignedScores, align
from sed_core.scoring.evaluate import Result, evaluate_scores
from sed_core.scoring.frames import FrameScores
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.settings import Settings

UNNAMED = "(none)"  # the group of recordings with an empty cell


@dataclass(frozen=True)
class GroupResult:
    """What a system reaches on one group.

    Attributes:
        clips: recordings.
        seconds: their length.
        absent: classes without an event in the group. Means over classes leave them out, so they
            compare with other groups' only where this is empty.
        result: the metrics.
        truth: the recordings and their events.
    """

    clips: int
    seconds: float
    absent: list[str]
    result: Result
    truth: GroundTruth


def read_groups(path: str | Path, column: str, filenames: Sequence[str]) -> dict[str, list[str]]:
    """Recordings by their value in a metadata column, both sorted.

    Args:
        path: a table with the columns `filename` and `column`; comma-separated if its name ends
            in .csv, else tab-separated. Rows of other recordings do not matter.
        column: which to group by.
        filenames: the recordings to group.

    Raises:
        SedError: a recording without a row, or with two.
    """
    table = read_table(path, ("filename", column))
    table = table[table["filename"].isin(list(filenames))].drop_duplicates()
    twice = table["filename"].duplicated()
    reject(path, table, twice, f"{{filename}} is there with two values of {column}; keep one.")
    missing = sorted(set(filenames) - set(table["filename"]))
    if missing:
        raise SedError(
            f"{path} has no row for {missing[0]} ({len(missing)} such recordings); add it, or "
            f"score without groups by {column}."
        )
    rows = table.assign(group=table[column].replace("", UNNAMED)).groupby("group")["filename"]
    return {str(group): sorted(names) for group, names in rows}


def evaluate_groups(
    aligned: AlignedScores[FrameScores],
    groups: Mapping[str, Sequence[str]],
    settings: Settings,
    *,
    resampling: bool = False,
) -> dict[str, GroupResult]:
    """All metrics of each group alone: rates are relative to its own length and events.

    Args:
        aligned: scores and truth of the whole.
        groups: recordings by group; each belongs to the truth.
        settings: how scores become metrics.
        resampling: keep the counts that `bootstrap.bootstrap` needs, for intervals.
    """
    results = {}
    for name, filenames in groups.items():
        truth = aligned.truth.keep(np.isin(aligned.truth.filenames, list(filenames)))
        group = align(
            aligned.scores.select(sorted(set(aligned.scores.filenames) & set(filenames))),
            truth,
            eventless_clips=settings.eventless_clips,
        )
        results[name] = GroupResult(
            clips=len(truth.filenames),
            seconds=float(truth.durations.sum()),
            absent=absent_classes(truth),
            result=evaluate_scores(group, settings, resampling=resampling),
            truth=group.truth,
        )
    return results


def absent_classes(truth: GroundTruth) -> list[str]:
    """Classes without an event."""
    count = np.bincount(truth.events.label, minlength=len(truth.classes))
    return [name for name, events in zip(truth.classes, count, strict=True) if events == 0]
