"""Write the table of scores on a further split, such as MAESTRO's test recordings."""

import argparse
from pathlib import Path

from sed_core.reporting.scores_table import read_scores, scores_records, scores_tables
from sed_core.reporting.table import write_tables
from sed_core.runtime.cli import run


def main(argv: list[str] | None = None) -> None:
    """Parse the arguments, make the table, write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scores", nargs="+", help="each system's <split>_psds.json")
    parser.add_argument("--dataset-name", required=True, help="data set named in the titles")
    parser.add_argument("--markdown", type=Path, required=True, help="output file")
    parser.add_argument("--csv", type=Path, required=True, help="output file")
    args = parser.parse_args(argv)
    scores = [read_scores(path) for path in args.scores]
    _, *exact = scores_tables(scores, dataset=args.dataset_name, others=[])
    title = f"Scores: {args.dataset_name}, {scores[0]['split']}"
    write_tables(title, exact, md=args.markdown, csv=args.csv, records=scores_records(scores, []))


if __name__ == "__main__":
    run(main)
