"""Score the annotators of a split by how far they agree with each other."""

import argparse
from pathlib import Path

from sed_core.data.annotator_weights import annotator_scores, write_scores
from sed_core.data.annotators import annotated_files, read_raw_annotations
from sed_core.data.soft_labels import FRAME_RATE
from sed_core.runtime.cli import run


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, score, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--annotations", type=Path, required=True, help="table with a column annotator_id")
    add("--classes", required=True, help="class names, separated by commas")
    add("--scores", type=Path, required=True, help="output: JSON, an entry for each annotator")
    args = parser.parse_args(argv)
    classes = args.classes.split(",")
    files = annotated_files(read_raw_annotations(args.annotations, classes=classes))
    scores = annotator_scores(files.values(), classes, frame_rate=FRAME_RATE)
    write_scores(args.scores, scores)
    print(f"{args.annotations}: {len(scores)} annotators share a recording with another")


if __name__ == "__main__":
    run(main)
