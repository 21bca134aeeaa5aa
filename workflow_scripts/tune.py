"""Choose a post-processing for each class, on data that is not reported."""

import argparse
import json

from sed_core.runtime.cli import run
from sed_core.runtime.files import write_json
from sed_core.runtime.provenance import collect
from sed_core.scoring.aligned_scores import align
from sed_core.scoring.ground_truth import read_ground_truth
from sed_core.scoring.score_file import read_scores
from sed_core.scoring.tune import tune


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, tune, write the choice and where it comes from."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--scores", required=True, help="HDF5 of frame scores of the split to tune on")
    add("--truth", required=True, help="TSV: filename, onset, offset, event_label")
    add("--durations", required=True, help="TSV: filename, duration")
    add("--split", required=True, help="name of the split, for the record")
    add("--network", required=True, help="student or teacher")
    add("--method", required=True, help="median or sebbs")
    add("--grid", type=json.loads, required=True, help="JSON: values to try for each parameter")
    add("--objective", choices=["psds1", "psds2"], default="psds1", help="best per class")
    add("--eventless-clips", choices=["skip", "score"], default="skip", help="as in scoring")
    add("--provenance", nargs="+", required=True, help="provenance of the networks (JSON)")
    add("--output", required=True, help="JSON to write: the choice")
    add("--provenance-output", required=True, help="JSON to write: provenance with the choice")
    args = parser.parse_args(argv)
    scores = read_scores(args.scores, [args.network])
    truth = read_ground_truth(args.truth, args.durations, scores.classes)
    aligned = align(scores, truth, eventless_clips=args.eventless_clips, allow_unknown=True)
    choice = tune(
        aligned, args.network, method=args.method, grid=args.grid, objective=args.objective
    )
    choice = {**choice, "split": args.split}
    write_json(args.output, choice)
    write_json(args.provenance_output, {**collect(args.provenance), "postprocessing": choice})


if __name__ == "__main__":
    run(main)
