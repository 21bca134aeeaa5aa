"""Sum up the scores of one system over its seeds: mean, standard deviation, per class."""

import argparse

from sed_core.runtime.cli import run
from sed_core.runtime.files import read_json, write_json
from sed_core.scoring.aggregate import aggregate


def main(argv: list[str] | None = None) -> None:
    """Read the results of all seeds, write one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="+", help="result JSON of each seed")
    parser.add_argument("--output", required=True, help="JSON of the system")
    args = parser.parse_args(argv)
    write_json(args.output, aggregate([read_json(path) for path in args.results]))


if __name__ == "__main__":
    run(main)
