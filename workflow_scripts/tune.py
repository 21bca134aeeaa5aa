"""Choose a post-processing for each class, on data that is not reported."""

import argparse

from sed_core.config.jobs import TuningJob
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
    add("--job", type=TuningJob.read, required=True, help="JSON: what to try, and what is best")
    add("--provenance", nargs="+", required=True, help="provenance of the networks (JSON)")
    add("--output", required=True, help="JSON to write: the choice")
    add("--provenance-output", required=True, help="JSON to write: provenance with the choice")
    args = parser.parse_args(argv)
    job = args.job
    scores = read_scores(args.scores, [job.network])
    truth = read_ground_truth(args.truth, args.durations, scores.classes)
    aligned = align(scores, truth, eventless_clips=job.eventless_clips, allow_unknown=True)
    choice = tune(aligned, job.network, method=job.method, grid=job.grid, objective=job.objective)
    choice = {**choice, "split": job.split}
    write_json(args.output, choice)
    write_json(args.provenance_output, {**collect(args.provenance), "postprocessing": choice})


if __name__ == "__main__":
    run(main)
