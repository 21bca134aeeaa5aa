"""What `score` prints."""

from collections.abc import Mapping
from typing import Any

from sed_core.scoring.bootstrap_scores import LEVEL, BootstrapScores
from sed_core.scoring.predictions import ScoredPredictions


def coverage_line(scored: ScoredPredictions) -> str:
    """The kind of predictions and the clips that were judged."""
    clips = scored.coverage
    line = f"{scored.kind}; {clips['present']} of {clips['expected']} clips"
    if clips["left_out"]:
        line += (
            f"; detections in {clips['left_out']} more, which have no events, are left out "
            "(--eventless-clips score counts them)"
        )
    return line


def table(title: str, metrics: Mapping[str, Any]) -> str:
    """Metrics in columns; one row for all classes together and one per class."""
    columns: dict[str, dict[str, float | None]] = {}
    rules: dict[str, list[str]] = {}
    for name, value in metrics.items():
        if "macro" in value:
            columns[name] = {"(all classes)": value["macro"], **value["per_class"]}
            rules.setdefault(value["convention"] + _otherwise(value), []).append(name)
        for scale in ("exact", "dcase2022"):
            if scale in value:
                result = value[scale]
                columns[f"{name} {scale}"] = {
                    "(all classes)": result["value"],
                    **result["per_class"],
                }
    rows = next(iter(columns.values()))
    width = max(len(name) for name in [title, *rows])
    lines = ["  ".join([title.ljust(width), *columns])]
    for row in rows:
        cells = [_cell(column[row]).rjust(len(name)) for name, column in columns.items()]
        lines.append("  ".join([row.ljust(width), *cells]))
    lines += [f"{', '.join(names)}: {rule}" for rule, names in rules.items()]
    return "\n".join(lines)


def intervals_table(drawn: BootstrapScores) -> str:
    """Each metric with its interval."""
    intervals = drawn.intervals()
    count = drawn.draws["draws"]
    lines = [f"{LEVEL:.0%} intervals from {count} draws of clips (bootstrap)"]
    for name, (low, high) in intervals.items():
        lines.append(f"  {name:<18} {drawn.observed[name]:.4f} [{low:.4f}, {high:.4f}]")
    return "\n".join(lines)


def comparison_table(tests: Mapping[str, Mapping[str, Any]], other: str) -> str:
    """Each metric's difference with its interval and p value."""
    against = next(iter(tests.values()))["against"] if tests else ""
    lines = [f"Difference to {other} ({against}), paired on the same draws"]
    for name, test in tests.items():
        bounds = f"[{test['low']:+.4f}, {test['high']:+.4f}]"
        lines.append(f"  {name:<18} {test['observed']:+.4f} {bounds} p = {test['p']:.3f}")
    lines.append(
        "p is two-sided, about the choice of clips only, and not corrected for many tests."
    )
    return "\n".join(lines)


def _otherwise(metric: Mapping[str, Any]) -> str:
    """The macro by the other tool's rules, where it is another number."""
    others = [
        f"; {result['macro']:.4f} by {name}, where {result['convention'].partition(': ')[2]}"
        for name, result in metric.get("conventions", {}).items()
        if round(result["macro"], 4) != round(metric["macro"], 4)
    ]
    return "".join(others)


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
