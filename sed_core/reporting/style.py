"""The common style of all plots; equal figures are written as equal bytes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from sed_core.runtime.files import atomic

INK = "#222222"
QUIET = "#6b6b6b"
GRID = "#e3e3e3"
# Paul Tol's qualitative schemes (sronpersonalpages.nl/~pault), safe for colour-blind readers
STUDENT, TEACHER, THIRD = "#0077BB", "#EE7733", "#009988"
MUTED = (
    "#332288",
    "#88CCEE",
    "#44AA99",
    "#117733",
    "#999933",
    "#DDCC77",
    "#CC6677",
    "#882255",
    "#AA4499",
    "#888888",
)
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1.2)))

RC = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so every machine draws the same
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.4,
    "lines.solid_capstyle": "round",
    "svg.hashsalt": "sed",
    "figure.constrained_layout.use": True,
}


def colour(index: int) -> str:
    """Colour of the class with this index."""
    return MUTED[index % len(MUTED)]


def dash(index: int) -> Any:
    """Line style of the class with this index: changes when the colours start again."""
    return DASHES[index // len(MUTED) % len(DASHES)]


styled = mpl.rc_context(RC)  # decorates every function that draws


def new(width: float, height: float, *, rows: int = 1, columns: int = 1) -> tuple[Figure, Any]:
    """A figure of the given size in inches and its axes, a 2-D array."""
    figure = Figure(figsize=(width, height))
    return figure, figure.subplots(rows, columns, squeeze=False)


def headline(figure: Figure, text: str) -> None:
    """Title of the whole figure."""
    figure.suptitle(text, x=0.008, ha="left", weight="bold", size=12)


@styled
def save(figure: Figure, path: str | Path, *, title: str) -> None:
    """Write SVG or PNG, as the suffix says, whole or not at all; equal figures, equal bytes.

    Args:
        figure: what to write.
        path: output file.
        title: what screen readers and tool tips say (SVG).
    """
    kind = Path(path).suffix.lstrip(".")
    metadata = {"Title": title} | ({"Date": None} if kind == "svg" else {"Software": None})
    with atomic(path) as draft:
        figure.savefig(draft, format=kind, dpi=150, metadata=metadata, facecolor="white")


def end_labels(axes: Axes, labels: Sequence[tuple[float, str, str]], *, gap: float) -> None:
    """Write names at the right edge, level with their curves but never over each other.

    Args:
        axes: where the curves are; its y limits must be final.
        labels: for each curve its last y value, its name and its colour.
        gap: least distance between two names, in y units.
    """
    low, high = axes.get_ylim()
    ordered = sorted(labels, key=lambda label: label[0])
    places = spaced([label[0] for label in ordered], low=low, high=high, gap=gap)
    right = axes.get_xlim()[1]
    for (value, name, tint), place in zip(ordered, places, strict=True):
        axes.annotate(
            name,
            xy=(right, value),
            xytext=(right * 1.09, place),
            fontsize=8,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": tint,
                "linewidth": 1.3,
                "relpos": (0, 0.5),
                "shrinkA": 1,
                "shrinkB": 0,
            },
        )


def spaced(values: Sequence[float], *, low: float, high: float, gap: float) -> list[float]:
    """Places near ascending `values`, at least `gap` apart and inside [low, high].

    The sum of squared moves is the least possible (isotonic regression of `values` less the
    gaps below them). Where there is no room for so many gaps, they shrink.
    """
    count = len(values)
    gaps = np.arange(count) * min(gap, (high - low) / max(1, count - 1))
    shifted = isotonic_regression(np.asarray(values, dtype=float) - gaps).x
    return list(np.clip(shifted, low, high - gaps[-1]) + gaps)


def heatmap(
    axes: Axes, shares: np.ndarray, counts: np.ndarray, *, rows: list[str], columns: list[str]
) -> None:
    """A matrix with its counts written in; `shares` (0 to 1) decide how dark a cell is."""
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            ink = "white" if shares[row, column] > 0.55 else INK
            axes.text(column, row, f"{count}", ha="center", va="center", fontsize=7.5, color=ink)
    axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(rows)), rows)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
