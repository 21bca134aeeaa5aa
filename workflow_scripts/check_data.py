"""Tabulate what each split holds, what is missing or odd, and how its labels are spread."""

import argparse
from pathlib import Path

from sed_core.data.check import check
from sed_core.reporting.annotators_table import annotators_tables
from sed_core.reporting.label_statistics import figure, read_statistics, splits_table, table
from sed_core.reporting.style import save
from sed_core.reporting.table import write_tables
from sed_core.runtime.cli import run
from sed_core.runtime.files import write_text


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, count, write tables and plots, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder with manifests and truth")
    add("--splits", nargs="+", required=True, help="names of the splits")
    add("--strong", nargs="*", default=[], help="those with strong labels, each to be drawn")
    add("--weak", nargs="*", default=[], help="those with weak labels")
    add("--annotated", nargs="*", default=[], help="those with several annotators")
    add("--classes", required=True, help="class names, separated by commas")
    add("--dataset-name", required=True, help="data set named in the title")
    add("--markdown", type=Path, required=True, help="output: all tables")
    add("--csv", type=Path, required=True, help="output: clips of each split")
    add("--plots", type=Path, nargs="*", default=[], help="output: SVG of each strong split")
    args = parser.parse_args(argv)

    classes = args.classes.split(",")
    checked = check(args.data, args.splits)
    strong, weak = read_statistics(args.data, strong=args.strong, weak=args.weak, classes=classes)
    tables = [splits_table(checked), table(strong, weak, classes)]
    tables += annotators_tables(args.data, args.annotated)
    write_text(args.csv, checked.to_csv(index=False, lineterminator="\n"))
    for (split, statistics), path in zip(strong.items(), args.plots, strict=True):
        title = f"Events of {split}"
        save(figure(statistics, classes, title=title), path, title=title)
    write_tables(f"Data of {args.dataset_name}", tables, md=args.markdown)


if __name__ == "__main__":
    run(main)
