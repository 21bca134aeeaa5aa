"""Scores of groups of recordings as they stand in files: of one seed, and over seeds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sed_core.runtime.errors import SedError
from sed_core.scoring.aligned_scores import AlignedScores
from sed_core.scoring.bootstrap_scores import BootstrapScores, bootstrap_system, mean_of
from sed_core.scoring.frames import FrameScores
from sed_core.scoring.groups import evaluate_groups, read_groups
from sed_core.scoring.settings import Settings


def score_groups(
    aligned: AlignedScores[FrameScores],
    settings: Settings,
    columns: Sequence[str],
    *,
    metadata: str | Path | None,
    n_bootstrap: int,
) -> dict[str, dict[str, Any]]:
    """Score the recordings of each value of some metadata columns.

    Args:
        aligned: scores and truth of the whole.
        settings: how scores become metrics.
        columns: of the metadata.
        metadata: table with a row for every recording.
        n_bootstrap: draws of a group's recordings behind its intervals.

    Returns:
        {column: {group: clips, seconds, absent (classes without an event), and as of a
        `BootstrapScores` draws, observed, metrics}}, JSON-like.

    Raises:
        SedError: groups are asked for without metadata, or the metadata do not have them.
    """
    if columns and metadata is None:
        raise SedError("groups need the split's table of metadata; name it with --metadata.")
    found: dict[str, dict[str, Any]] = {}
    for column in columns:
        assert metadata is not None
        groups = read_groups(metadata, column, aligned.truth.filenames)
        found[column] = {}
        for name, group in evaluate_groups(aligned, groups, settings, resampling=True).items():
            assert group.result.statistics is not None
            drawn = bootstrap_system(group.result.statistics, group.truth, n_bootstrap=n_bootstrap)
            found[column][name] = {
                "clips": group.clips,
                "seconds": group.seconds,
                "absent": group.absent,
                "draws": drawn.draws,
                "observed": drawn.observed,
                "metrics": {metric: values.tolist() for metric, values in drawn.metrics.items()},
            }
    return found


def mean_of_groups(seeds: Sequence[Mapping[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Mean over seeds of what `score_groups` gave, with 95 % intervals instead of draws.

    Returns:
        {column: {group: clips, seconds, absent, summary: {metric: mean, interval}}}; `interval` is
        None where nothing was drawn.
    """
    found: dict[str, Any] = {}
    for column, groups in seeds[0].items() if seeds else ():
        found[column] = {}
        for name, first in groups.items():
            entries = [seed[column][name] for seed in seeds]
            drawn = mean_of(
                [BootstrapScores(one["draws"], one["observed"], _arrays(one)) for one in entries]
            )
            intervals = drawn.intervals()
            kept = {key: first[key] for key in ("clips", "seconds", "absent")}
            summary = {
                metric: {"mean": value, "interval": intervals.get(metric)}
                for metric, value in drawn.observed.items()
            }
            found[column][name] = {**kept, "summary": summary}
    return found


def _arrays(entry: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.array(values) for name, values in entry["metrics"].items()}
