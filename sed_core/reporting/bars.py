"""Scores of each class as bars."""

from typing import Any

from matplotlib.figure import Figure

from sed_core.reporting import style

METRICS = {"psds1_exact": ("PSDS1 (exact)", style.STUDENT), "collar_f1": ("Collar F1", style.THIRD)}
ROW = 0.27  # inches


@style.styled
def class_bars(scores: dict[str, Any], *, title: str) -> Figure:
    """PSDS1 and collar F1 of every class, in the data set's order.

    Args:
        scores: content of an aggregated score file; a class without a defined score gets a note.
        title: name of the system, data set and network.
    """
    classes = list(dict.fromkeys(name for key in METRICS for name in scores["per_class"][key]))
    figure, grid = style.new(8.4, 1.3 + ROW * len(classes), columns=2)
    places = range(len(classes))
    for axes, (key, (name, tint)) in zip(grid[0], METRICS.items(), strict=True):
        values = [scores["per_class"][key].get(label) for label in classes]
        axes.barh(places, [value or 0.0 for value in values], height=0.68, color=tint)
        for place, value in zip(places, values, strict=True):
            text = "undefined" if value is None else f"{value:.3f}"
            axes.text((value or 0.0) + 0.012, place, text, va="center", fontsize=8)
        axes.set(title=name, xlim=(0, 1.1), xticks=[0, 0.25, 0.5, 0.75, 1])
        axes.set_yticks(places, [label.replace("_", " ") for label in classes])
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.tick_params(axis="y", length=0)
    grid[0, 1].set_yticklabels([])
    style.headline(figure, f"Scores per class: {title}")
    return figure
