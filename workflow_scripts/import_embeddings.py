"""Import the published pre-extracted embeddings of a split (Zenodo 6541454, 6539466, 6518380).

Reads the layout of 2022 (rows of variable length) and that of 2023 (plain arrays). AST's published
`global` embeddings come from a classifier head that was never trained; those extracted here use
the real one, so do not mix the two.
"""

import argparse
from pathlib import Path

from sed_core.data.published_names import published_file
from sed_core.features.embeddings.published_embeddings import import_published
from sed_core.runtime.cli import run


def main(argv: list[str] | None = None) -> None:
    """Parse arguments and import."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--folder", type=Path, required=True, help="folder with synth_train.hdf5 and so on")
    add("--encoder", required=True, help="the network that made them, such as ast")
    add("--split", required=True, help="name of the split")
    add("--corpus", type=Path, required=True, help="16 kHz audio of the split")
    add("--kind", required=True, help="frame, aligned, global or mean")
    add("--clip-seconds", type=float, required=True, help="length of a clip")
    add("--output", type=Path, required=True, help="HDF5 file to write")
    args = parser.parse_args(argv)
    source = published_file(args.folder, args.split)
    count = import_published(
        source,
        args.corpus,
        args.output,
        encoder=args.encoder,
        kind=args.kind,
        clip_seconds=args.clip_seconds,
    )
    print(f"{args.output}: {count} clips from {source}")


if __name__ == "__main__":
    run(main)
