"""Download the AudioSet clips of a list from their videos and report which are missing."""

import argparse
from pathlib import Path

from sed_core.data.annotations import read_list
from sed_core.data.download.clips import download_clips, read_download_policy
from sed_core.runtime.cli import run


def main(argv: list[str] | None = None) -> None:
    """Parse the arguments, make the clips, say how many there are."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--list", type=Path, required=True, help="TSV whose column filename names the clips")
    add("--folder", type=Path, required=True, help="folder of the clips; those there are kept")
    add("--report", type=Path, required=True, help="TSV to write: filename, error, reason")
    add("--failure-log", type=Path, required=True, help="TSV that remembers failures between runs")
    add("--sources", type=Path, help="YAML or JSON with addresses and policy (section `clips`)")
    add("--jobs", type=int, help="clips at a time (default 3)")
    add("--retry-all", action="store_true", help="ask again for clips known to be gone")
    args = parser.parse_args(argv)

    outcome = download_clips(
        read_list(args.list).filenames,
        args.folder,
        report=args.report,
        failure_log=args.failure_log,
        policy=read_download_policy(args.sources, jobs=args.jobs),
        retry_all=args.retry_all,
    )
    missing = outcome.expected - outcome.present
    reasons = ", ".join(f"{count} {reason}" for reason, count in outcome.reasons.items())
    detail = f" ({reasons}), listed in {args.report}" if missing else ""
    print(
        f"{args.folder}: {outcome.present:,} of {outcome.expected:,} clips are there; "
        f"{missing:,} missing{detail}"
    )


if __name__ == "__main__":
    run(main)
