"""Plot of PSDS against energy."""

import statistics
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from sed_core.reporting import style
from sed_core.reporting.energy_tables import runs_of

STAGES = {"training": "training", "devtest": "dev-test inference"}
METRIC = "psds1_exact"

Point = tuple[float, float, tuple[float, float] | None, str]  # kWh, score, interval, name


@style.styled
def score_vs_energy(scores: list[dict[str, Any]], energy: list[dict[str, Any]]) -> Figure:
    """PSDS1 (exact, with its interval) against Wh, for training and for inference.

    Args:
        scores: aggregated score files, in row order.
        energy: energy records of all systems. A variant costs what its system costs; a system
            without a known figure is left out.
    """
    figure, grid = style.new(10, 4.0, columns=2)
    for axes, (stage, words) in zip(grid[0], STAGES.items(), strict=True):
        _panel(axes, _points(scores, energy, stage), words)
    style.headline(figure, "Score against energy (dashed: nothing is better and cheaper)")
    return figure


def _points(scores: list[dict[str, Any]], energy: list[dict[str, Any]], stage: str) -> list[Point]:
    points = []
    for row in scores:
        kwh = [record["kwh"] for record in runs_of(energy, row["system"], stage)]
        value = row["summary"][METRIC]
        if kwh and all(kwh):
            points.append(
                (statistics.fmean(kwh), value["mean"], value.get("interval"), row["system"])
            )
    return points


def _panel(axes: Axes, points: list[Point], words: str) -> None:
    axes.set(title=f"PSDS1 and {words}", xlabel="energy", ylabel="PSDS1 (exact)")
    if not points:
        axes.text(0.5, 0.5, "no energy was measurable", transform=axes.transAxes, ha="center")
        return
    for i, (kwh, score, interval, name) in enumerate(points):
        tint = style.colour(i)
        if interval:
            axes.plot([1000 * kwh] * 2, interval, color=tint, linewidth=1, alpha=0.7)
        axes.plot(1000 * kwh, score, "o", color=tint, markersize=7, label=name)
    front, best = [], -1.0
    for kwh, score, _, _ in sorted(points, key=lambda point: (point[0], -point[1])):
        if score > best:
            front.append((1000 * kwh, score))
            best = score
    axes.plot(*zip(*front, strict=True), "--", color=style.QUIET, linewidth=1, zorder=0)
    axes.set_xscale("log")
    low, high = min(point[0] for point in points), max(point[0] for point in points)
    axes.set(xlim=(1000 * low / 2, 1000 * high * 2), ylim=(0, None))
    # With one tick alone matplotlib falls back to linear ones, whose names lie over each other.
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 3 * low else (1, 2, 3, 5)))
    axes.xaxis.set_major_formatter(EngFormatter("Wh"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.legend(fontsize=7)
