"""Tabulate what each split holds, what is missing or odd, and how its labels are spread."""

import argparse
from pathlib import Path

import numpy as np

from sed_core.data.download.check import check, label_table, to_arrays, to_markdown
from sed_core.runtime.cli import run
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import atomic, write_text


def main(argv: list[str] | None = None) -> None:
    """Parse the arguments, check, write and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--manifests", required=True, nargs="+", type=_named, help="of each split: devtest=….tsv")
    add("--truths", default=[], nargs="+", type=_named, help="cleaned annotations, likewise")
    add("--classes", nargs="+", required=True, help="class names of the data set")
    add("--markdown", type=Path, required=True, help="both tables, to be read")
    add("--csv", type=Path, required=True, help="clips per split")
    add("--labels-csv", type=Path, required=True, help="labels per class and split")
    add("--statistics", type=Path, required=True, help=".npz with the arrays for plots")
    args = parser.parse_args(argv)

    table, labels = check(dict(args.manifests), dict(args.truths), classes=args.classes)
    per_class = label_table(labels, args.classes)
    text = f"{to_markdown(table)}\nLabels per class:\n\n{to_markdown(per_class)}"
    write_text(args.markdown, text)
    write_text(args.csv, table.to_csv(index=False, lineterminator="\n"))
    write_text(args.labels_csv, per_class.to_csv(index=False, lineterminator="\n"))
    with atomic(args.statistics) as part:
        np.savez_compressed(part, allow_pickle=False, **to_arrays(labels, args.classes))
    print(text)


def _named(text: str) -> tuple[str, Path]:
    split, _, path = text.partition("=")
    if not path:
        raise SedError(f"{text!r} must be written as <split>=<file>.")
    return split, Path(path)


if __name__ == "__main__":
    run(main)
