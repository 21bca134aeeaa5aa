"""Embeddings of all clips of a split, and the energy they took.

Energy of embeddings that are derived from others includes theirs.
Killed at any point, the same command continues; the bytes do not depend on interruptions.
"""

import argparse
import shutil
from pathlib import Path

from sed_core.data.corpus import Corpus
from sed_core.runtime.cli import positive, run
from sed_core.runtime.device import prepare
from sed_core.runtime.files import read_json


def main(argv: list[str] | None = None) -> None:
    """Parse arguments and extract."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--weights", type=Path, required=True, help="receipt written by weights.py")
    add("--corpus", type=Path, required=True, help="16 kHz audio of the split")
    add("--frames", type=Path, help="embeddings of kind frame, to derive aligned or mean from")
    add("--kind", required=True, help="frame, aligned, global or mean")
    add("--clip-seconds", type=float, required=True, help="length of a clip")
    add("--batch-size", type=positive, default=8, help="clips at a time")
    add("--precision", default="32-true", help="32-true, bf16-mixed or 16-mixed")
    add("--output", type=Path, required=True, help="HDF5 file to write")
    add("--energy", type=Path, required=True, help="output: energy record")
    add("--kwh", type=Path, required=True, help="output: total kWh as text")
    add("--gpus", type=int, default=1, help="GPUs to use; 0 for the CPU")
    add("--threads", type=int, default=1, help="CPU threads")
    args = parser.parse_args(argv)
    prepare(gpus=args.gpus, threads=args.threads)

    from sed_core.energy.energy_record import total, write_energy
    from sed_core.energy.meter import EnergyMeter  # after the GPU has been chosen
    from sed_core.features.embeddings.embedding_file import EmbeddingFile
    from sed_core.features.embeddings.encoder_weights import load_named
    from sed_core.features.embeddings.extract import extract
    from sed_core.runtime.device import torch_device

    receipt = read_json(args.weights)
    if args.frames is not None:
        source = EmbeddingFile.open(args.frames)
    else:
        encoder = load_named(receipt)
        source = encoder.to(torch_device()).for_extraction(args.precision)
    journal = args.energy.with_suffix(".part")
    with EnergyMeter("extraction", args.kwh.parent, journal=journal) as meter:
        extract(
            source, args.corpus, args.output, kind=args.kind, clip_seconds=args.clip_seconds,
            batch_size=args.batch_size, precision=args.precision, receipt=receipt,
        )  # fmt: skip
    labels = {
        "system": f"{args.weights.parent.name} ({args.kind})",
        "seed": 0,
        "split": args.corpus.stem,
    }
    labels |= {"size": {"encoder": receipt["complexity"]}}
    record = meter.record(**labels, work={"clips": len(Corpus.open(args.corpus).filenames)})
    if args.frames is not None:
        record = total([read_json(args.frames.with_suffix(".energy.json")), record], **labels)
    write_energy(record, args.energy, args.kwh)
    shutil.rmtree(journal)


if __name__ == "__main__":
    run(main)
