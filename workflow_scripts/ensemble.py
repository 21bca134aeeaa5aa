"""Average the frame scores of several systems or seeds."""

import argparse

from sed_core.runtime.cli import run
from sed_core.scoring.ensemble import mean_scores
from sed_core.scoring.score_file import write_scores


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, average, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scores", nargs="+", help="HDF5 of frame scores of each member")
    parser.add_argument("--output", required=True, help="HDF5 to write")
    args = parser.parse_args(argv)
    write_scores(args.output, mean_scores(args.scores))


if __name__ == "__main__":
    run(main)
