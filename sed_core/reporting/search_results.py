"""What a search over keys of a system found: table, records, drawing."""

from typing import Any

from matplotlib.figure import Figure

from sed_core.config.training_search import Trial
from sed_core.reporting import style
from sed_core.reporting.table import Table


def best_of(trials: list[Trial]) -> Trial:
    """The trial with the highest objective; of equal ones the first."""
    return max(trials, key=lambda trial: trial.objective)


def search_table(trials: list[Trial], *, system: str) -> Table:
    """The trials, best first."""
    names = list(trials[0].values)
    ranked = sorted(trials, key=lambda trial: -trial.objective)
    rows = [
        [
            str(trial.number),
            f"{trial.objective:.4f}",
            *(_text(trial.values[name]) for name in names),
            str(trial.epoch),
        ]
        for trial in ranked
    ]
    notes = [
        "The objective is what selects a network in validation; no other data were looked at. The "
        "best of many is optimistic, so compare what it chose on the test split, over seeds."
    ]
    columns = ["Trial", "Objective", *names, "Epoch"]
    return Table(f"Search over {system}", columns, rows, notes)


def records(trials: list[Trial]) -> list[dict[str, Any]]:
    """One record a trial, for CSV."""
    return [
        {
            "trial": trial.number,
            "objective": trial.objective,
            **trial.values,
            "epoch": trial.epoch,
            "seconds": round(trial.seconds, 1),
        }
        for trial in trials
    ]


@style.styled
def search_plot(trials: list[Trial], *, system: str) -> Figure:
    """The objective of every trial and the best until then, and the objective over each key."""
    names = list(trials[0].values)
    figure, grid = style.new(3.2 * (1 + len(names)), 3.2, columns=1 + len(names))
    axes, objectives = grid[0], [trial.objective for trial in trials]
    best = [max(objectives[: end + 1]) for end in range(len(trials))]
    axes[0].plot([trial.number for trial in trials], objectives, "o", color=style.QUIET)
    axes[0].plot([trial.number for trial in trials], best, color=style.INK, drawstyle="steps-post")
    axes[0].set(title="best so far", xlabel="trial", ylabel="objective in validation")
    for panel, name in zip(axes[1:], names, strict=True):
        values = [trial.values[name] for trial in trials]
        plain = all(isinstance(value, int | float) and value is not True for value in values)
        panel.plot(values if plain else [_text(value) for value in values], objectives, "o")
        panel.set(title=name, xlabel="value")
        if plain and min(values) > 0 and max(values) / min(values) > 20:
            panel.set_xscale("log")
    style.headline(figure, f"Search over {system}")
    return figure


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
