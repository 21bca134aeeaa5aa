"""Check every recording of a split and resample it into one corpus file.

Reads each file once, on all cores. Writes the manifest (one row a clip: what was found) and the
corpus (HDF5, mono). Killed at any point, the same command continues.
"""

import argparse

from sed_core.data.annotations import named_clips
from sed_core.data.parallel import available_cores
from sed_core.data.resample import resample_split
from sed_core.data.resamplers import DEFAULT, RESAMPLERS
from sed_core.runtime.cli import run


def main(argv: list[str] | None = None) -> None:
    """Parse the command line and resample one split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audio", required=True, help="folder with the recordings")
    parser.add_argument(
        "--list",
        help="TSV whose column filename names the clips that should be there "
        "(default: what is in the folder)",
    )
    parser.add_argument("--metadata", help="table that names the clips that count")
    parser.add_argument("--split", required=True, help="name of the split, for messages")
    parser.add_argument("--clip-seconds", type=float, required=True, help="nominal clip length")
    parser.add_argument(
        "--window-hop",
        type=float,
        help="cut recordings into windows of the clip length that begin so many seconds apart",
    )
    parser.add_argument("--sample-rate", type=int, default=16000, help="of the corpus, Hz")
    parser.add_argument(
        "--resampler",
        choices=list(RESAMPLERS),
        default=DEFAULT,
        help="kaiser_best is that of 2022, soxr_hq keeps what lies above 7.5 kHz "
        "(default %(default)s)",
    )
    parser.add_argument(
        "--unreadable",
        choices=["error", "skip"],
        default="error",
        help="what to do about files that are there and cannot be used",
    )
    parser.add_argument("--manifest", required=True, help="TSV to write")
    parser.add_argument("--corpus", required=True, help="HDF5 file to write")
    parser.add_argument("--jobs", type=int, default=available_cores(), help="processes")
    args = parser.parse_args(argv)
    counts = resample_split(
        split=args.split,
        audio_dir=args.audio,
        filenames=named_clips(args.list, args.metadata),
        clip_seconds=args.clip_seconds,
        sample_rate=args.sample_rate,
        manifest=args.manifest,
        corpus=args.corpus,
        jobs=max(args.jobs, 1),
        resampler=args.resampler,
        on_unreadable=args.unreadable,
        window_hop=args.window_hop,
    )
    found = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    print(f"{args.split}: {sum(counts.values())} clips: {found}")


if __name__ == "__main__":
    run(main)
