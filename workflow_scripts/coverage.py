"""Count the clips of some splits that can be used; refuse to go on with too few."""

import argparse
from pathlib import Path

from sed_core.data.manifest import check_coverage
from sed_core.runtime.cli import run
from sed_core.runtime.files import write_json


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, count, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("manifests", nargs="+", type=Path, metavar="TSV", help="manifest of each split")
    add("--minimum", type=float, required=True, help="smallest share of the expected clips, 0..1")
    add("--output", type=Path, required=True, help="JSON to write: present and expected clips")
    args = parser.parse_args(argv)
    counts = {path.stem: check_coverage(path, minimum=args.minimum) for path in args.manifests}
    write_json(args.output, counts)


if __name__ == "__main__":
    run(main)
