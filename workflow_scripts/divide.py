"""Divide the recordings of one folder into splits; tables say which are whose."""

import argparse
from pathlib import Path

from sed_core.data.divide import divide
from sed_core.runtime.cli import run
from sed_core.runtime.errors import SedError


def main(argv: list[str] | None = None) -> None:
    """Parse the arguments, write a table for each split."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--table", type=Path, required=True, help="table of the recordings, column filename")
    add("--folder", type=Path, required=True, help="where to: <split>.csv, a split's `metadata`")
    add("shares", nargs="+", help="percent of the recordings, such as train=60 test=40")
    args = parser.parse_args(argv)
    pairs = [share.partition("=") for share in args.shares]
    if wrong := [text for text in args.shares if not text.partition("=")[2].isdigit()]:
        raise SedError(
            f"'{wrong[0]}' was given; expected a split and its percent, such as test=40."
        )
    for split, count in divide(
        args.table, {split: int(share) for split, _, share in pairs}, args.folder
    ).items():
        print(f"{args.folder / split}.csv: {count:,} recordings")


if __name__ == "__main__":
    run(main)
