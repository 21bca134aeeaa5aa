"""Choice of post-processing, class by class, on data that is not reported."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from sed_core.runtime.progress import progress
from sed_core.scoring.aligned_scores import AlignedScores
from sed_core.scoring.evaluate import psds_of
from sed_core.scoring.postprocess import check_parameters, postprocess
from sed_core.scoring.scenarios import SCENARIOS
from sed_core.scoring.score_file import Scores
from sed_core.scoring.spans import score_tree


def tune(
    aligned: AlignedScores[Scores],
    network: str,
    *,
    method: str,
    grid: Mapping[str, Sequence[Any]],
    objective: str = "psds1",
) -> dict[str, Any]:
    """Try every combination of a grid; keep for each class the one with the best PSDS.

    Of equally good ones the first in the order of the grid wins, so each list should begin with
    the value to fall back on. A class without events in the tuning data gets that.

    Args:
        aligned: scores and truth of the data to tune on.
        network: whose scores.
        method: key of `postprocess.METHODS`.
        grid: the values to try for each of the method's parameters.
        objective: scenario whose exact PSDS of each class counts.

    Returns:
        JSON-like: `parameters` (per parameter one value a class), `reached` and `first` (the
        objective of each class with the chosen and with the first combination), `tried`.
    """
    check_parameters(method, grid)
    classes = aligned.truth.classes
    combinations = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    values = np.array(
        [
            class_scores(aligned, network, method, combination, objective)
            for combination in progress(combinations, desc=f"tune {method}")
        ]
    )
    best = values.argmax(0)
    return {
        "method": method,
        "network": network,
        "objective": objective,
        "classes": classes,
        "parameters": {name: [combinations[at][name] for at in best] for name in grid},
        "reached": dict(zip(classes, values.max(0).tolist(), strict=True)),
        "first": dict(zip(classes, values[0].tolist(), strict=True)),
        "tried": len(combinations),
    }


def class_scores(
    aligned: AlignedScores[Scores],
    network: str,
    method: str,
    combination: Mapping[str, Any],
    objective: str,
) -> list[float]:
    """(C,) exact PSDS of each class with one combination for all; 0 where it is undefined."""
    scores, classes = aligned.scores, aligned.truth.classes
    processed = postprocess(
        scores.networks[network],
        scores.n_frames,
        scores.frame_seconds,
        method=method,
        parameters={name: [value] * len(classes) for name, value in combination.items()},
    )
    tree = score_tree(
        processed,
        clips=aligned.clips,
        frame_seconds=scores.frame_seconds,
        n_frames=scores.n_frames,
    )
    spans = tree.at_every_score()
    result = psds_of(spans, aligned.truth, SCENARIOS[objective], "sed_scores_eval")
    return [result.per_class[name] or 0.0 for name in classes]


def processed_scores(scores: Scores, tuned: Mapping[str, Any]) -> Scores:
    """All networks' scores after a tuned post-processing."""
    order = [tuned["classes"].index(name) for name in scores.classes]
    parameters = {
        name: [values[at] for at in order] for name, values in tuned["parameters"].items()
    }
    networks = {
        name: replace(
            net,
            strong=postprocess(
                net,
                scores.n_frames,
                scores.frame_seconds,
                method=tuned["method"],
                parameters=parameters,
            ),
        )
        for name, net in scores.networks.items()
    }
    return replace(scores, networks=networks)
