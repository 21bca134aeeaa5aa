"""Events at one threshold from frame posteriors, as TSV tables."""

import argparse
from pathlib import Path

from sed_core.runtime.cli import run
from sed_core.scoring.decode import decode, median_filter
from sed_core.scoring.events import write_events
from sed_core.scoring.score_file import read_scores


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, decode, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", type=Path, required=True, help="HDF5 of frame posteriors")
    parser.add_argument("--median-window", type=int, default=7, help="frames")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--student", type=Path, required=True, help="output: the student's events")
    parser.add_argument("--teacher", type=Path, required=True, help="output: the teacher's events")
    args = parser.parse_args(argv)
    scores = read_scores(args.scores)
    for network, path in (("student", args.student), ("teacher", args.teacher)):
        filtered = median_filter(
            scores.networks[network].strong, args.median_window, scores.n_frames
        )
        events = decode(
            filtered,
            args.threshold,
            frame_seconds=scores.frame_seconds,
            n_frames=scores.n_frames,
        )
        write_events(path, events, scores.filenames, scores.classes)


if __name__ == "__main__":
    run(main)
