"""Learning curves: losses, validation scores and the objective over epochs."""

from pathlib import Path

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
        "Supervised loss",
        "binary cross-entropy",
        [
            ("train/student/loss_strong", "strong, training", S, SOLID),
            ("val/synth/student/loss_strong", "strong, validation", S, DASHED),
            ("train/student/loss_weak", "weak, training", T, SOLID),
            ("val/weak/student/loss_weak", "weak, validation", T, DASHED),
        ],
    ),
    (
        "Consistency of student and teacher",
        "loss, unweighted",
        [
            ("train/student/strong_self_sup_loss", "strong", S, SOLID),
            ("train/student/weak_self_sup_loss", "weak", T, SOLID),
        ],
    ),
    (
        "Validation F1",
        "macro F1",
        [
            ("val/synth/student/intersection_f1_macro", "intersection, student", S, SOLID),
            ("val/synth/teacher/intersection_f1_macro", "intersection, teacher", S, DASHED),
            ("val/synth/student/event_f1_macro", "collar, student", style.THIRD, SOLID),
            ("val/synth/teacher/event_f1_macro", "collar, teacher", style.THIRD, DASHED),
            ("val/weak/student/macro_F1", "weak, student", T, SOLID),
            ("val/weak/teacher/macro_F1", "weak, teacher", T, DASHED),
        ],
    ),
    (
        "Objective: what chooses the checkpoint",
        "weak F1 + strong F1",
        [("val/obj_metric", "objective", style.INK, SOLID)],
    ),
]


def read_history(path: str | Path) -> pd.DataFrame:
    """Read a `history.csv`.

    Raises:
        SedError: it has no rows or lacks the columns that give the axis and the objective.
    """
    try:
        history = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise SedError(f"{path} cannot be read as a history of training ({error}).") from error
    missing = {"epoch", "val/obj_metric"} - set(history.columns)
    if missing or history.empty:
        what = f"no column {', '.join(sorted(missing))}" if missing else "no rows"
        raise SedError(f"{path} has {what}; give a history.csv that training wrote.")
    return history


def learning_curves(histories: list[pd.DataFrame], *, title: str) -> Figure:
    """Four panels over epochs; each seed is one line, thin where there are several.

    Args:
        histories: contents of `history.csv`, one per seed. Columns that training did not log are
            left out.
        title: name of the system and data set.
    """
    figure, grid = style.new(8.4, 5.6, rows=2, columns=2)
    width = 1.6 if len(histories) == 1 else 0.9
    for axes, (name, unit, lines) in zip(grid.flat, PANELS, strict=True):
        axes.set(title=name, xlabel="epoch", ylabel=unit)
        for column, label, tint, dashes in lines:
            for i, history in enumerate(history for history in histories if column in history):
                axes.plot(
                    history["epoch"],
                    history[column],
                    color=tint,
                    linestyle=dashes,
                    linewidth=width,
                    label=label if i == 0 else None,
                )
        axes.set_ylim(bottom=0)
        if len(lines) > 1 and axes.lines:
            axes.legend(ncols=2 if len(lines) > 4 else 1)
    for history in histories:
        _mark_best(grid[1, 1], history)
    figure.suptitle(f"Learning curves: {title}", x=0.01, ha="left", weight="bold", size=11)
    return figure


def _mark_best(axes: Axes, history: pd.DataFrame) -> None:
    best = history["val/obj_metric"].idxmax()
    epoch, value = history.loc[best, "epoch"], history.loc[best, "val/obj_metric"]
    axes.plot(epoch, value, "o", color=style.TEACHER, markersize=5)
    axes.annotate(
        f"{value:.3f} at epoch {epoch:.0f}",
        (epoch, value),
        xytext=(0, -14),
        textcoords="offset points",
        ha="right" if epoch > history["epoch"].median() else "left",
        fontsize=8,
    )
