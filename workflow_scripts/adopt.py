"""Note what a folder of audio holds, so that clips added later are noticed; changes nothing."""

import argparse
from pathlib import Path

from sed_core.data.folder_state import describe_folder
from sed_core.runtime.cli import run
from sed_core.runtime.files import write_json


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, look, write the receipt."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", required=True, help="name of the split, for messages")
    parser.add_argument("--audio", type=Path, required=True, help="folder of audio files")
    parser.add_argument("--annotations", default="", help="TSV of the split, if it has one")
    parser.add_argument("--receipt", type=Path, required=True, help="output: JSON")
    args = parser.parse_args(argv)
    annotations = Path(args.annotations) if args.annotations else None
    write_json(args.receipt, describe_folder(args.split, args.audio, annotations))


if __name__ == "__main__":
    run(main)
