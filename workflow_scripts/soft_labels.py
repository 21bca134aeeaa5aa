"""Write the labels between 0 and 1 that a split trains with, in one of several ways."""

import argparse
import json
from pathlib import Path

from sed_core.data.soft_labels import methods, write_soft_labels
from sed_core.runtime.cli import run


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--annotations", type=Path, required=True, help="table of the split")
    add("--manifest", type=Path, required=True, help="manifest of the split")
    add("--metadata", type=Path, help="table that names the clips that count")
    add("--classes", required=True, help="class names, separated by commas")
    add("--clip-seconds", type=float, required=True, help="nominal clip length")
    add("--method", choices=methods(), required=True, help="how labels come about")
    add("--cut", action="store_true", help="the manifest's clips are windows of recordings")
    add("--also", type=json.loads, default={}, help="JSON: class, and what its events are, too")
    add("--scores", type=Path, help="JSON of annotators.py, for weighted")
    add("--output", type=Path, required=True, help="output: TSV with a column confidence")
    args = parser.parse_args(argv)
    rows = write_soft_labels(
        annotations=args.annotations,
        classes=args.classes.split(","),
        clip_seconds=args.clip_seconds,
        manifest=args.manifest,
        method=args.method,
        output=args.output,
        scores=args.scores,
        metadata=args.metadata,
        cut=args.cut,
        also=args.also,
    )
    print(f"{args.annotations}: {rows} rows, {args.method}")


if __name__ == "__main__":
    run(main)
