"""One result of a system from the results of its seeds."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sed_core.runtime.errors import SedError
from sed_core.scoring.evaluate import F1_METRICS

_SAME = ("schema", "system", "dataset", "split", "reported", "coverage", "scenarios", "settings")


def aggregate(
    results: Sequence[Mapping[str, Any]],
    intervals: Mapping[str, list[float]] | None = None,
    groups: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Sum up the per-seed results of one system.

    `std` is the sample standard deviation (divided by n - 1) and None for one seed. Class values
    are means over the seeds for which the class is defined. `intervals`, one per metric, are those
    of the mean over seeds (`bootstrap_scores.mean_of`), `groups` the scores of groups
    (`group_scores.mean_of_groups`).

    Raises:
        SedError: the results are not of one system and setting, or a seed comes twice.
    """
    results = sorted(results, key=lambda result: result["seed"])
    first, seeds = results[0], [result["seed"] for result in results]
    for result in results[1:]:
        for key in _SAME:
            if result.get(key) != first.get(key):
                raise SedError(
                    f"the results of seed {first['seed']} and seed {result['seed']} differ in "
                    f"{key}; score all seeds again with one configuration."
                )
    if len(set(seeds)) < len(seeds):
        raise SedError(f"the seeds are {seeds}; give each seed's result once.")
    networks = {
        name: _summary([result["networks"][name] for result in results])
        for name in first["networks"]
    }
    reported = [result["networks"][first["reported"]] for result in results]
    return {
        **{key: first[key] for key in _SAME if key in first},
        "seeds": seeds,
        "summary": {
            name: {**moments, "interval": intervals[name]} if intervals else moments
            for name, moments in networks[first["reported"]].items()
        },
        "per_class": _per_class(reported),
        "networks": networks,
        "false_alarms": _false_alarms([one.get("false_alarms", {}) for one in results]),
        "further": _further([result.get("further", {}) for result in results]),
        "groups": dict(groups or {}),
        "sed_scores_eval": {str(one["seed"]): one.get("sed_scores_eval", {}) for one in results},
        "provenance": {str(result["seed"]): result.get("provenance", {}) for result in results},
    }


def _false_alarms(seeds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means over seeds, of the signals that all of them were heard on."""
    signals = [name for name in seeds[0] if all(name in seed for seed in seeds)]
    found = {}
    for name in signals:
        heard = [seed[name] for seed in seeds]
        labels = dict.fromkeys(label for one in heard for label in one["active"])
        shares = {label: [one["active"].get(label, 0.0) for one in heard] for label in labels}
        found[name] = {
            "alarms_per_hour": _mean([one["alarms_per_hour"] for one in heard]),
            "active": {label: _mean(values) for label, values in shares.items()},
        }
    return found


def _summary(metrics: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    values: dict[str, list[float]] = {}
    for name in metrics[0]:
        if name in F1_METRICS:
            values[name] = [result[name]["macro"] for result in metrics]
        else:
            values[f"{name}_exact"] = [result[name]["exact"]["value"] for result in metrics]
            values[f"{name}_dcase2022"] = [result[name]["dcase2022"]["value"] for result in metrics]
            values[f"{name}_class_mean"] = [
                result[name]["exact"]["class_mean"] for result in metrics
            ]
    return {name: _moments(numbers) for name, numbers in values.items()}


def _further(seeds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found = {}
    for name, first in seeds[0].items():
        kinds = [kind for kind in ("value", "class_mean") if kind in first]
        moments = {kind: _moments([seed[name][kind] for seed in seeds]) for kind in kinds}
        by_class = [seed[name]["per_class"] for seed in seeds]
        per_class = {label: _mean([one[label] for one in by_class]) for label in by_class[0]}
        found[name] = {**moments, "per_class": per_class}
    return found


def _moments(values: list[float]) -> dict[str, Any]:
    mean = math.fsum(values) / len(values)
    square = math.fsum((value - mean) ** 2 for value in values)
    std = math.sqrt(square / (len(values) - 1)) if len(values) > 1 else None
    return {"mean": mean, "std": std, "values": values}


def _per_class(metrics: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float | None]]:
    tables: dict[str, list[Mapping[str, float | None]]] = {}
    for name in metrics[0]:
        if name in F1_METRICS:
            tables[name] = [result[name]["per_class"] for result in metrics]
        else:
            for scale in ("exact", "dcase2022"):
                tables[f"{name}_{scale}"] = [result[name][scale]["per_class"] for result in metrics]
    return {
        name: {label: _mean([seed[label] for seed in seeds]) for label in seeds[0]}
        for name, seeds in tables.items()
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None
