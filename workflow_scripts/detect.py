"""Events from frame posteriors, as TSV tables: at 0.5, or at every operating point."""

import argparse
from pathlib import Path

import numpy as np

from sed_core.config.jobs import DecodingJob
from sed_core.runtime.cli import run
from sed_core.scoring.decode import decode, median_filter, operating_points
from sed_core.scoring.events import write_events
from sed_core.scoring.score_file import masked, read_scores


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, decode each network's own posteriors, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", type=Path, required=True, help="HDF5 of frame posteriors")
    parser.add_argument("--job", type=DecodingJob.read, required=True, help="JSON: how to decode")
    parser.add_argument("--all-points", action="store_true", help="not only at 0.5")
    parser.add_argument("--student", type=Path, required=True, help="output: TSV, or a folder")
    parser.add_argument("--teacher", type=Path, required=True, help="of predictions_th_X.XX.tsv")
    args = parser.parse_args(argv)
    how = args.job
    scores = read_scores(args.scores)
    for network, path in (("student", args.student), ("teacher", args.teacher)):
        posteriors = scores.networks[network]
        strong = posteriors.strong
        if how.weak_mask:
            strong = masked(strong, posteriors.weak)
        filtered = median_filter(strong, how.median_window, scores.n_frames)
        files = {path: 0.5}
        if args.all_points:
            points = operating_points(how.n_thresholds)
            places = max(2, int(np.ceil(np.log10(2 * how.n_thresholds))))
            files = {path / f"predictions_th_{point:.{places}f}.tsv": point for point in points}
        for file, threshold in files.items():
            events = decode(
                filtered,
                threshold,
                frame_seconds=scores.frame_seconds,
                n_frames=scores.n_frames,
            )
            write_events(file, events, scores.filenames, scores.classes)


if __name__ == "__main__":
    run(main)
