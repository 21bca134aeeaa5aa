"""Draw a system's learning curves, PSD-ROC curves and per-class bars (SVG or PNG)."""

import argparse
from pathlib import Path

from sed_core.reporting import style
from sed_core.reporting.bars import class_bars
from sed_core.reporting.curves import learning_curves, read_history
from sed_core.reporting.roc import roc_curves
from sed_core.reporting.scores_table import read_scores
from sed_core.runtime.cli import run
from sed_core.runtime.files import read_json


def main(argv: list[str] | None = None) -> None:
    """Parse the arguments and write three plots."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--history", nargs="*", default=[], metavar="CSV", help="history.csv of each seed")
    add("--roc", nargs="+", required=True, metavar="JSON", help="*_roc.json of each seed")
    add("--scores", required=True, metavar="JSON", help="the system's *_psds.json over its seeds")
    add("--curves", type=Path, required=True, metavar="FILE", help="learning curves to write")
    add("--roc-plot", type=Path, required=True, metavar="FILE", help="PSD-ROC curves to write")
    add("--bars", type=Path, required=True, metavar="FILE", help="per-class bars to write")
    args = parser.parse_args(argv)

    scores = read_scores(args.scores)
    name = f"{scores['system']} on {scores['dataset']}"
    network = scores["reported"]
    histories = [read_history(path) for path in args.history]
    rocs = [read_json(path)[network] for path in args.roc]
    title = f"{name}, {network}, {scores['split']}"

    style.save(learning_curves(histories, title=name), args.curves, title=f"Learning: {name}")
    style.save(roc_curves(rocs, title=title), args.roc_plot, title=f"PSD-ROC: {title}")
    style.save(class_bars(scores, title=title), args.bars, title=f"Classes: {title}")


if __name__ == "__main__":
    run(main)
