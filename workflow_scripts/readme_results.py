"""Fill the marked block of a README with the tables of a run, or check that it holds them."""

import argparse
from pathlib import Path

from sed_core.reporting.readme import filled, section
from sed_core.runtime.cli import run
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import write_text


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, write or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--tables", type=Path, required=True, help="folder of tables, as results/mini/tables")
    add("--readme", type=Path, default=Path("README.md"), help="file to fill")
    add("--all", action="store_true", help="all tables, not only the first of the scores")
    add("--check", action="store_true", help="write nothing; fail where the block is out of date")
    args = parser.parse_args(argv)
    names = {"scores.md": 2, "comparison.md": 1, "energy.md": 1} if args.all else {"scores.md": 1}
    missing = [name for name in names if not (args.tables / name).is_file()]
    if missing:
        raise SedError(f"{args.tables} has no {', '.join(missing)}; run the workflow first.")
    documents = [(args.tables / name).read_text(encoding="utf-8") for name in names]
    before = args.readme.read_text(encoding="utf-8")
    after = filled(before, section(documents, tables=list(names.values())))
    if args.check and after != before:
        raise SedError(f"{args.readme} does not show the tables in {args.tables}; fill it again.")
    if not args.check:
        write_text(args.readme, after)


if __name__ == "__main__":
    run(main)
