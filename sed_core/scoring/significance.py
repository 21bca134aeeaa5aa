"""Intervals of one system and the paired test of two, on the clips that both were scored on."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sed_core.runtime.errors import SedError
from sed_core.scoring.bootstrap import compare
from sed_core.scoring.bootstrap_scores import LEVEL, BootstrapScores, bootstrap_system
from sed_core.scoring.predictions import ScoredPredictions


def bootstrap_networks(scored: ScoredPredictions, n_bootstrap: int) -> dict[str, BootstrapScores]:
    """Metrics of every network on other draws of the clips."""
    return {
        name: bootstrap_system(result.statistics, scored.truth, n_bootstrap=n_bootstrap)
        for name, result in scored.networks.items()
        if result.statistics is not None
    }


def compare_networks(
    first: Mapping[str, BootstrapScores],
    second: Mapping[str, BootstrapScores],
    *,
    names: tuple[str, str],
) -> dict[str, dict[str, Any]]:
    """Per network of the first the differences to the second, metric by metric.

    A network is compared with that of the same name, or with the only one there is.

    Args:
        first, second: bootstrap scores of the networks of two systems.
        names: of the two, for messages.

    Raises:
        SedError: the clips differ, or it is not clear which networks to compare.
    """
    results = {}
    for name, own in first.items():
        other = name if name in second else next(iter(second))
        if name not in second and len(second) > 1:
            raise SedError(
                f"{names[1]} has the networks {', '.join(second)}, none of them {name} as in "
                f"{names[0]}; compare with a file of one network."
            )
        if own.draws != second[other].draws:
            raise SedError(
                f"{names[0]} and {names[1]} were scored on other clips or classes, so they do not "
                "pair; score both on the clips that both have."
            )
        drawn = second[other].metrics
        shared = {metric: values for metric, values in own.metrics.items() if metric in drawn}
        tests = compare(shared, drawn, level=LEVEL)
        results[name] = {
            metric: {
                **asdict(test),
                "against": other,
                "observed": own.observed[metric] - second[other].observed[metric],
            }
            for metric, test in tests.items()
        }
    return results
