"""Convert label files of one program into those of another.

LABELS are files of any format below. Several become one table, where the new format is one; so
label tracks that people drew become annotations to train on, and predictions become what a program
shows.
"""

import argparse
from dataclasses import replace
from pathlib import Path, PurePosixPath

from sed_core.data.label_formats.formats import FORMATS, read_labels, save_labels
from sed_core.data.label_formats.labelled_events import RecordingLabels
from sed_core.runtime.cli import run
from sed_core.runtime.errors import SedError


def main(
    argv: list[str] | None = None, *, prog: str = "python -m sed_core.data.label_formats"
) -> None:
    """Parse arguments, read all, write."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="formats: "
        + ", ".join(f"{name} ({one.suffix}, {one.program})" for name, one in FORMATS.items()),
    )
    add = parser.add_argument
    add("labels", type=Path, nargs="+", help="see above")
    add("--from", dest="source", choices=FORMATS, help="their format (default: by the suffix)")
    add("--output", type=Path, help="file or folder to write; default: print")
    add("--format", choices=FORMATS, help="to write (default: by the output's suffix, or desed)")
    add("--ending", default="", help="of the recordings, such as .wav, where files lack it")
    args = parser.parse_args(argv)
    found = [one for path in args.labels for one in read_labels(path, args.source)]
    save_labels(_distinct([_ended(one, args.ending) for one in found]), args.output, args.format)


def _ended(recording: RecordingLabels, ending: str) -> RecordingLabels:
    if not ending or PurePosixPath(recording.filename).suffix:
        return recording
    return replace(recording, filename=recording.filename + ending)


def _distinct(recordings: list[RecordingLabels]) -> list[RecordingLabels]:
    seen: set[str] = set()
    for one in recordings:
        if one.filename in seen:
            raise SedError(
                f"two files have labels of {one.filename}; give one of the two, or rename it."
            )
        seen.add(one.filename)
    return recordings


if __name__ == "__main__":
    run(main)
