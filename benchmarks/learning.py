"""Whole trainings of the recipe of 2022 and of this workflow on the same recordings, over seeds.

    python benchmarks/learning.py --reference RUNS/*.train.json --ours RUNS/*/history.csv \
        --figure docs/images/learning_curves.svg

A reference run is a JSON file with `train_mean_per_epoch` (the recipe's scalars by name, without
`train/`) and `validation_per_epoch` (a list of its `val/…` scalars); ours is the history.csv of a
training. Prints a table: for each loss in the last epoch, mean and spread of both, and the p of
Welch's two-sided t-test over seeds; a small p would say that the two learn differently.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import ttest_ind

LOSSES = {
    "training, strong": "train/student/loss_strong",
    "training, weak": "train/student/loss_weak",
    "training, consistency": "train/student/tot_self_loss",
    "validation, strong, student": "val/synth/student/loss_strong",
    "validation, strong, teacher": "val/synth/teacher/loss_strong",
    "validation, weak, student": "val/weak/student/loss_weak",
    "validation, weak, teacher": "val/weak/teacher/loss_weak",
}
SHOWN = (
    "training, strong",
    "training, weak",
    "training, consistency",
    "validation, strong, student",
    "validation, weak, student",
)


def reference(path: Path) -> pd.DataFrame:
    """A row an epoch, a column a loss."""
    run = json.loads(path.read_text())
    columns = {}
    for name, key in LOSSES.items():
        if key.startswith("train/"):
            columns[name] = run["train_mean_per_epoch"][key.removeprefix("train/")]
        else:
            columns[name] = [epoch[key] for epoch in run["validation_per_epoch"]]
    return pd.DataFrame(columns)


def ours(path: Path) -> pd.DataFrame:
    """A row an epoch, a column a loss."""
    table = pd.read_csv(path)
    return pd.DataFrame({name: table[key] for name, key in LOSSES.items()})


def compare(runs: dict[str, list[pd.DataFrame]]) -> str:
    """Markdown: the losses of the last epoch, mean and standard deviation over seeds."""
    lines = ["| loss, last epoch | recipe of 2022 | here | p |", "|---|---|---|---|"]
    for name in LOSSES:
        last = [np.array([run[name].iloc[-1] for run in some]) for some in runs.values()]
        p = ttest_ind(*last, equal_var=False).pvalue
        shown = [f"{values.mean():.4f} ± {values.std(ddof=1):.4f}" for values in last]
        lines.append(f"| {name} | {shown[0]} | {shown[1]} | {p:.2f} |")
    return "\n".join(lines)


def draw(runs: dict[str, list[pd.DataFrame]]) -> Figure:
    """A panel a loss, a thin line a seed, a thick one their mean."""
    figure = Figure(figsize=(11, 2.6), layout="constrained")
    for axis, name in zip(figure.subplots(1, len(SHOWN)), SHOWN, strict=True):
        for colour, (label, some) in zip(("#555555", "#0072b2"), runs.items(), strict=True):
            curves = np.array([run[name] for run in some])
            epochs = np.arange(1, curves.shape[1] + 1)
            axis.plot(epochs, curves.T, color=colour, linewidth=0.6, alpha=0.5)
            axis.plot(epochs, curves.mean(0), color=colour, linewidth=1.8, label=label)
        axis.set(title=name, xlabel="epoch", yscale="log")
        axis.title.set_fontsize(9)
    figure.axes[0].legend(fontsize=8)
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reference", type=Path, nargs="+", required=True)
    parser.add_argument("--ours", type=Path, nargs="+", required=True)
    parser.add_argument("--figure", type=Path, help="SVG to write")
    args = parser.parse_args()
    runs = {
        f"recipe of 2022, {len(args.reference)} seeds": [
            reference(path) for path in args.reference
        ],
        f"here, {len(args.ours)} seeds": [*map(ours, args.ours)],
    }
    print(compare(runs))
    if args.figure:
        draw(runs).savefig(args.figure)


if __name__ == "__main__":
    main()
