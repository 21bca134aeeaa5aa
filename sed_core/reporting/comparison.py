"""Paired bootstrap comparison of systems: which differences are significant."""

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

from sed_core.reporting.table import Table
from sed_core.scoring.bootstrap import compare
from sed_core.scoring.bootstrap_scores import LEVEL, BootstrapScores, same_draws

METRICS = {
    "psds1_exact": "PSDS1 (exact)",
    "psds2_exact": "PSDS2 (exact)",
    "intersection_f1": "Intersection F1, points",
    "collar_f1": "Collar F1, points",
}
CLEAR = 0.05  # p below which a cell is marked

Pair = tuple[str, str]


def pairs(names: Iterable[str]) -> list[Pair]:
    """All pairs of systems, the later one first: what was added against what was there."""
    return [(later, earlier) for earlier, later in combinations(names, 2)]


def telling(names: list[str]) -> list[Pair]:
    """The pairs for the table: each system against the first, each variant against its system."""
    return [
        (later, earlier)
        for later, earlier in pairs(names)
        if earlier in (names[0], later.partition("+")[0])
    ]


def comparison_records(systems: Mapping[str, BootstrapScores]) -> list[dict[str, Any]]:
    """One record per pair and metric.

    Args:
        systems: bootstrap scores by name, in the order of the tables.

    Returns:
        The difference of the observed scores, its interval and the two-sided p value of the
        paired bootstrap test.

    Raises:
        SedError: the systems were not scored on the same draws.
    """
    same_draws(systems)
    records = []
    for first, second in pairs(systems):
        one, other = systems[first], systems[second]
        tests = compare(one.metrics, other.metrics, level=LEVEL)
        for metric, test in tests.items():
            records.append(
                {
                    "system": first,
                    "against": second,
                    "metric": metric,
                    "difference": round(one.observed[metric] - other.observed[metric], 6),
                    "low": round(test.low, 6),
                    "high": round(test.high, 6),
                    "p": round(test.p, 6),
                }
            )
    return records


def comparison_table(records: list[dict[str, Any]], names: list[str], *, dataset: str) -> Table:
    """Differences with intervals; marked where the test finds them clear.

    Args:
        records: of `comparison_records`.
        names: all systems, in row order.
        dataset: name of the data set.
    """
    cells = {(row["system"], row["against"], row["metric"]): row for row in records}
    rows = [
        [f"{first} − {second}", *(_cell(cells[first, second, metric]) for metric in METRICS)]
        for first, second in telling(names)
        if (first, second, "psds1_exact") in cells
    ]
    notes = ["Nothing to compare: one system, or scoring.bootstrap is 0."] * (not rows) or [
        f"In brackets: {LEVEL:.0%} interval of the difference, from draws of clips with "
        "replacement that are the same for both systems (paired bootstrap).",
        f"* two-sided p below {CLEAR}, not corrected for the number of comparisons.",
        "The test is about the clips. It says nothing about another training seed.",
    ]
    return Table(f"Differences on {dataset}", ["Systems", *METRICS.values()], rows, notes)


def _cell(row: dict[str, Any]) -> str:
    """PSDS as they are, F1 in percentage points: as the tables of scores have them."""
    told = [row[key] for key in ("difference", "low", "high")]
    if row["metric"].endswith("_f1"):
        value, low, high = (f"{100 * number:+.1f}" for number in told)
    else:
        value, low, high = (f"{number:+.3f}" for number in told)
    return f"{value} [{low}, {high}]" + "*" * (row["p"] < CLEAR)
