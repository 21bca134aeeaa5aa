"""Reliability of a system's scores as a drawing."""

from typing import Any

from matplotlib.figure import Figure

from sed_core.reporting import style


@style.styled
def reliability_plot(found: list[dict[str, Any]], *, title: str) -> Figure:
    """Share of active frames by score, a line for each seed; the diagonal is what it should be.

    Args:
        found: of each seed, see `scoring.reliability`.
        title: name of the system.
    """
    figure, grid = style.new(5, 4.2)
    axes = grid[0][0]
    axes.plot([0, 1], [0, 1], color=style.INK, linewidth=1, linestyle=":")
    for number, seed in enumerate(found):
        points = [
            (score, active)
            for score, active in zip(seed["score"], seed["active"], strict=True)
            if score is not None
        ]
        scores, shares = zip(*points, strict=True)
        axes.plot(scores, shares, color=style.colour(number), marker="o", markersize=4)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="score of a frame", ylabel="share of active frames")
    errors = ", ".join(f"{seed['expected_calibration_error']:.3f}" for seed in found)
    axes.set_title(f"expected calibration error {errors}")
    style.headline(figure, f"Reliability: {title}")
    return figure
