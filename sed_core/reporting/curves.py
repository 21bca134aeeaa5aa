"""Learning curves: losses, validation scores and the objective over epochs."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sed_core.reporting import style
from sed_core.runtime.errors import SedError

Line = tuple[str, str, str, object]  # column of history.csv, name, colour, dash

S, T = style.STUDENT, style.TEACHER
SOLID, DASHED = style.DASHES[:2]
PANELS: list[tuple[str, str, list[Line]]] = [
    (
        "Supervised loss (dashed: validation)",
        "binary cross-entropy",
        [
            ("train/student/loss_strong", "strong labels", S, SOLID),
            ("val/synth/student/loss_strong", "", S, DASHED),
            ("train/student/loss_weak", "weak labels", T, SOLID),
            ("val/weak/student/loss_weak", "", T, DASHED),
        ],
    ),
    (
        "Distance between student and teacher",
        "consistency loss",
        [
            ("train/student/strong_self_sup_loss", "frames", S, SOLID),
            ("train/student/weak_self_sup_loss", "clips", T, SOLID),
        ],
    ),
    (
        "Validation F1 (dashed: teacher)",
        "macro F1",
        [
            ("val/weak/student/macro_F1", "clips", T, SOLID),
            ("val/weak/teacher/macro_F1", "", T, DASHED),
            ("val/synth/student/intersection_f1_macro", "intersection", S, SOLID),
            ("val/synth/teacher/intersection_f1_macro", "", S, DASHED),
            ("val/synth/student/event_f1_macro", "collar", style.THIRD, SOLID),
            ("val/synth/teacher/event_f1_macro", "", style.THIRD, DASHED),
        ],
    ),
    (
        "Objective: chooses the checkpoint",
        "F1 of events and weak clips",
        [("val/obj_metric", "", style.INK, SOLID)],
    ),
]


def read_history(path: str | Path) -> pd.DataFrame:
    """Read a `history.csv`.

    Raises:
        SedError: it is no such file, or has no epoch with an objective.
    """
    try:
        history = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise SedError(f"{path} cannot be read as a history of training ({error}).") from error
    missing = {"epoch", "val/obj_metric"} - set(history.columns)
    if missing or history["val/obj_metric"].isna().all():
        what = f"no column {', '.join(sorted(missing))}" if missing else "no validated epoch"
        raise SedError(f"{path} has {what}; give a history.csv that training wrote.")
    return history


@style.styled
def learning_curves(histories: list[pd.DataFrame], *, title: str) -> Figure:
    """Four panels over epochs; each seed is one line, thin where there are several.

    Args:
        histories: contents of `history.csv`, one per seed; none for networks that were not
            trained here. Columns that training did not log are left out.
        title: name of the system and data set.
    """
    figure, grid = style.new(8.4, 5.6, rows=2, columns=2)
    width = 1.6 if len(histories) == 1 else 0.9
    for axes, (name, unit, lines) in zip(grid.flat, PANELS, strict=True):
        axes.set(title=name, xlabel="epoch", ylabel=unit)
        for column, label, tint, dashes in lines:
            for i, history in enumerate(history for history in histories if column in history):
                known = history[["epoch", column]].dropna()
                axes.plot(
                    known["epoch"],
                    known[column],
                    color=tint,
                    linestyle=dashes,
                    linewidth=width,
                    label=label if label and i == 0 else None,
                )
        axes.set_ylim(bottom=0)
        if axes.get_legend_handles_labels()[0]:
            axes.legend()
    _mark_best(grid[1, 1], histories)
    style.headline(figure, f"Learning curves: {title}")
    return figure


def _mark_best(axes: Axes, histories: list[pd.DataFrame]) -> None:
    """A dot on each seed's best epoch, and their values in words; what they are, if not F1."""
    words, lowest = [], 0.0
    if any("/psds1" in str(column) for history in histories for column in history):
        axes.set_ylabel("PSDS")
    for history in histories:
        epochs = history["epoch"].to_numpy(float)
        values = history["val/obj_metric"].to_numpy(float)
        epoch, value = epochs[np.nanargmax(values)], np.nanmax(values)
        axes.plot(epoch, value, "o", color=style.TEACHER, markersize=5)
        words.append(f"{value:.3f} at epoch {epoch:.0f}")
        lowest = min(lowest, np.nanmin(values))
    if lowest < 0:
        axes.set(ylabel="minus the loss", ylim=(1.1 * lowest, 0))
    text = "best: " + "\n".join(words) if words else "not trained here"
    axes.text(0.98, 0.05, text, transform=axes.transAxes, ha="right", fontsize=8)
