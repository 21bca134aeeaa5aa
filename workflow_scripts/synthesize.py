"""Synthesise one split of the embedded data set: wavs, annotation TSV and a receipt."""

import argparse

from sed_core.runtime.cli import run
from sed_core.runtime.files import write_json
from sed_core.synthesis.synthetic_split import synthesise_split


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and make the split."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--split", required=True, help="name of the split; part of every clip's seed")
    add("--domain", required=True, choices=["synthetic", "real"], help="dry or recorded in rooms")
    add(
        "--labels",
        required=True,
        choices=["strong", "weak", "none"],
        help="what the TSV tells: events with times, classes per clip, or file names only",
    )
    add("--clips", required=True, type=int, help="number of clips")
    add("--seed", required=True, type=int, help="seed of the data set")
    add("--classes", required=True, help="class names, separated by commas")
    add("--clip-seconds", type=float, default=10.0, help="length of a clip (default 10)")
    add("--sample-rate", type=int, default=44100, help="in Hz (default 44100)")
    add("--audio", required=True, metavar="DIR", help="folder for the wavs")
    add("--tsv", required=True, metavar="FILE", help="annotation file to write")
    add("--receipt", required=True, metavar="FILE", help="JSON with counts and digests to write")
    add("--jobs", type=int, default=1, help="processes (default 1); the bytes do not depend on it")
    args = parser.parse_args(argv)
    receipt = synthesise_split(
        split=args.split,
        domain=args.domain,
        labels=args.labels,
        n_clips=args.clips,
        seed=args.seed,
        classes=[name.strip() for name in args.classes.split(",") if name.strip()],
        clip_seconds=args.clip_seconds,
        sample_rate=args.sample_rate,
        audio_dir=args.audio,
        tsv=args.tsv,
        jobs=args.jobs,
    )
    write_json(args.receipt, receipt)
    print(f"{args.split}: {receipt['clips']} clips, {sum(receipt['events'].values())} events")
    return 0


if __name__ == "__main__":
    run(main)
