"""PSD-ROC curves: how much is found, against false alarms per hour."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sed_core.reporting import style

MAX_EFPR = 100.0  # false alarms per hour; right edge of the PSDS integral
SCENARIOS = {"psds1": "PSDS1: reacts fast", "psds2": "PSDS2: tells classes apart"}

Curve = tuple[np.ndarray, np.ndarray]


def step_mean(curves: list[Curve], *, max_efpr: float = MAX_EFPR) -> Curve:
    """Mean of monotone step curves over seeds, on all points where one of them steps.

    Args:
        curves: x ascending and y, each (n,); a curve holds y[i] from x[i] on, 0 before x[0].
        max_efpr: points to the right of it are dropped; the curve is continued up to it.
    """
    x = np.unique(np.concatenate([curve[0] for curve in curves] + [[0.0, max_efpr]]))
    x = x[(x >= 0) & (x <= max_efpr)]
    levels = [np.concatenate([[0.0], y])[np.searchsorted(at, x, side="right")] for at, y in curves]
    return x, np.mean(levels, axis=0)


def area(curve: Curve, *, max_efpr: float = MAX_EFPR) -> float:
    """Normalised area under a step curve from `step_mean`: the PSDS of its scenario."""
    x, y = curve
    return float(np.sum(np.diff(x) * y[:-1]) / max_efpr)


def roc_curves(rocs: list[dict[str, Any]], *, title: str) -> Figure:
    """Both scenarios side by side: thin lines for the classes, a thick one for all together.

    Args:
        rocs: for each seed `{psds1|psds2: {efpr, etpr, per_class: {class: {efpr, tpr}}}}` of one
            network; curves are averaged over seeds.
        title: name of the system, data set and network.
    """
    figure, grid = style.new(9.6, 4.4, columns=2)
    for axes, (scenario, name) in zip(grid[0], SCENARIOS.items(), strict=True):
        _scenario(axes, [roc[scenario] for roc in rocs], name)
    figure.suptitle(f"PSD-ROC: {title}", x=0.01, ha="left", weight="bold", size=11)
    return figure


def _scenario(axes: Axes, rocs: list[dict[str, Any]], name: str) -> None:
    axes.set(xlim=(0, MAX_EFPR), ylim=(0, 1))
    axes.set(xlabel="effective false positive rate (per hour)", ylabel="true positive rate")
    labels = []
    for i, label in enumerate(rocs[0]["per_class"]):
        curves = [
            _curve(roc["per_class"][label], "tpr") for roc in rocs if label in roc["per_class"]
        ]
        x, y = step_mean(curves)
        style_ = {"color": style.colour(i), "linestyle": style.dash(i), "linewidth": 1.1}
        axes.step(x, y, where="post", **style_)
        labels.append((float(y[-1]), label.replace("_", " "), style.colour(i)))
    effective = step_mean([_curve(roc, "etpr") for roc in rocs])
    axes.fill_between(*effective, step="post", color=style.INK, alpha=0.07, linewidth=0)
    axes.step(*effective, where="post", color=style.INK, linewidth=2.4)
    labels.append((float(effective[1][-1]), "all classes", style.INK))
    axes.set_title(f"{name}, {area(effective):.3f}")
    style.end_labels(axes, labels, gap=0.052)


def _curve(points: dict[str, list[float]], key: str) -> Curve:
    return np.asarray(points["efpr"], dtype=float), np.asarray(points[key], dtype=float)
