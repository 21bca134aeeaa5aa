"""Turn raw frame scores into post-processed ones, with parameters that were tuned before."""

import argparse

from sed_core.runtime.cli import run
from sed_core.runtime.files import read_json
from sed_core.scoring.score_file import read_scores, write_scores
from sed_core.scoring.tune import processed_scores


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, post-process all networks, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", required=True, help="HDF5 of raw frame scores")
    parser.add_argument("--choice", required=True, help="JSON that tune.py wrote")
    parser.add_argument(
        "--output", required=True, help="HDF5 to write; score it with a median of 1"
    )
    args = parser.parse_args(argv)
    write_scores(args.output, processed_scores(read_scores(args.scores), read_json(args.choice)))


if __name__ == "__main__":
    run(main)
