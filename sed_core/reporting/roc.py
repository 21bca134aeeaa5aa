"""PSD-ROC curves: effective true positive ratio against false positives per hour."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sed_core.reporting import style

MAX_EFPR = 100.0  # false alarms per hour; right edge of the PSDS integral
SCENARIOS = {"psds1": "fast reaction", "psds2": "little confusion"}
DRAWN_POINTS = 501  # a step of the grid is about a pixel, so files stay small

Curve = tuple[np.ndarray, np.ndarray]


def mean_at(x: np.ndarray, curves: list[Curve]) -> np.ndarray:
    """Mean over seeds of step curves at the points `x` (n,).

    Args:
        x: effective false positive rates.
        curves: ascending rates and heights, each (m,); a height holds from its rate on, and
            left of the first rate the curve is 0.
    """
    levels = [
        np.concatenate([[0.0], heights])[np.searchsorted(rates, x, side="right")]
        for rates, heights in curves
    ]
    return np.mean(levels, axis=0)


def corners(y: np.ndarray) -> np.ndarray:
    """Indices at which a step curve changes, and its two ends: all that drawing it needs."""
    return np.unique(np.concatenate([[0], np.flatnonzero(np.diff(y)) + 1, [len(y) - 1]]))


def psds(curves: list[Curve], *, max_efpr: float = MAX_EFPR) -> float:
    """Mean over seeds of the normalised area under the effective curves."""
    x = np.unique(np.concatenate([rates for rates, _ in curves] + [[0.0, max_efpr]]))
    x = x[(x >= 0) & (x <= max_efpr)]
    return float(np.sum(np.diff(x) * mean_at(x, curves)[:-1]) / max_efpr)


@style.styled
def roc_curves(rocs: list[dict[str, Any]], *, title: str) -> Figure:
    """Both scenarios side by side: thin lines for the classes, a thick one for all together.

    Args:
        rocs: for each seed `{psds1|psds2: {efpr, etpr, per_class: {class: {efpr, tpr}}}}` of one
            network; curves are averaged over seeds.
        title: name of the system, data set and network.
    """
    figure, grid = style.new(10, 4.2, columns=2)
    for axes, scenario in zip(grid[0], SCENARIOS, strict=True):
        _scenario(axes, [roc[scenario] for roc in rocs], scenario)
    style.headline(figure, f"PSD-ROC: {title}")
    return figure


def _scenario(axes: Axes, rocs: list[dict[str, Any]], scenario: str) -> None:
    axes.set(xlim=(0, MAX_EFPR), ylim=(0, 1))
    axes.set(xlabel="effective false positives per hour", ylabel="true positive rate")
    x = np.linspace(0, MAX_EFPR, DRAWN_POINTS)
    labels = []
    for i, name in enumerate(rocs[0]["per_class"]):
        y = mean_at(x, [_curve(roc["per_class"][name], "tpr") for roc in rocs])
        tint = style.colour(i)
        turns = corners(y)
        axes.step(
            x[turns], y[turns], where="post", color=tint, linestyle=style.dash(i), linewidth=1.1
        )
        labels.append((float(y[-1]), name.replace("_", " "), tint))
    curves = [_curve(roc, "etpr") for roc in rocs]
    y = mean_at(x, curves)
    axes.fill_between(x, y, step="post", color=style.INK, alpha=0.07, linewidth=0)
    axes.step(x, y, where="post", color=style.INK, linewidth=2.4)
    labels.append((float(y[-1]), "ALL CLASSES", style.INK))
    axes.set_title(f"{scenario.upper()} = {psds(curves):.3f} ({SCENARIOS[scenario]})")
    style.end_labels(axes, labels, gap=0.055)


def _curve(points: dict[str, list[float]], key: str) -> Curve:
    return np.asarray(points["efpr"], dtype=float), np.asarray(points[key], dtype=float)
