"""Test any number of systems against each other: paired bootstrap over the clips of a split."""

import argparse
from pathlib import Path

from sed_core.reporting.comparison import comparison_records, comparison_table
from sed_core.reporting.table import write_tables
from sed_core.runtime.cli import run
from sed_core.scoring.bootstrap_scores import read_bootstrap


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, compare, write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("bootstrap_scores", nargs="+", metavar="JSON", help="each system's *_bootstrap.json")
    add("--dataset-name", default="these clips", help="data set named in the title")
    add("--markdown", type=Path, metavar="FILE", help="table to write")
    add("--csv", type=Path, metavar="FILE", help="all pairs and metrics to write")
    args = parser.parse_args(argv)
    systems = dict(read_bootstrap(path) for path in args.bootstrap_scores)
    records = comparison_records(systems)
    table = comparison_table(records, list(systems), dataset=args.dataset_name)
    title = f"Comparison: {args.dataset_name}"
    write_tables(title, [table], md=args.markdown, csv=args.csv, records=records)


if __name__ == "__main__":
    run(main)
