"""Check every row of a split's annotation file and write what training and scoring read."""

import argparse

from sed_core.data.ground_truth_table import write_ground_truth
from sed_core.runtime.cli import run


def main(argv: list[str] | None = None) -> None:
    """Parse the command line and write truth, durations and report of one split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tsv", help="annotation file; optional for sets without labels")
    parser.add_argument(
        "--labels", choices=["strong", "weak", "none"], required=True, help="kind of labels"
    )
    parser.add_argument(
        "--soft-labels",
        choices=["confidence", "annotators"],
        help="what a table with strong labels has beside events",
    )
    parser.add_argument(
        "--cut", action="store_true", help="the manifest's clips are windows of recordings"
    )
    parser.add_argument("--manifest", required=True, help="manifest of the split")
    parser.add_argument("--metadata", help="table that names the clips that count")
    parser.add_argument("--classes", required=True, help="class names, separated by commas")
    parser.add_argument("--clip-seconds", type=float, required=True, help="nominal clip length")
    parser.add_argument("--truth", required=True, help="TSV to write: cleaned annotations")
    parser.add_argument("--durations", required=True, help="TSV to write: filename, duration")
    parser.add_argument("--report", required=True, help="JSON to write: found, merged, dropped")
    parser.add_argument(
        "--exact-durations",
        action="store_true",
        help="do not round durations to one decimal as the 2022 baseline does",
    )
    args = parser.parse_args(argv)
    write_ground_truth(
        tsv=args.tsv,
        labels=args.labels,
        classes=args.classes.split(","),
        clip_seconds=args.clip_seconds,
        manifest=args.manifest,
        truth=args.truth,
        durations=args.durations,
        report=args.report,
        exact_durations=args.exact_durations,
        soft_labels=args.soft_labels,
        metadata=args.metadata,
        cut=args.cut,
    )


if __name__ == "__main__":
    run(main)
