"""Teach a small network of a public class to tag the embedded data set's sounds.

It stands in for the published weights, is saved in their layout, and is read by the same loader.
"""

import argparse
from pathlib import Path

from sed_core.runtime.cli import positive, run
from sed_core.runtime.device import prepare


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, teach and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--encoder", required=True, help="the network's class: ast or panns")
    add("--corpus", type=Path, required=True, help="16 kHz audio of the tagging clips")
    add("--truth", type=Path, required=True, help="TSV with filename and event_labels")
    add("--classes", required=True, help="class names, separated by commas")
    add("--clip-seconds", type=float, required=True, help="length of a clip")
    add("--steps", type=int, required=True, help="optimiser steps")
    add("--batch-size", type=positive, default=8, help="clips in a step (default 8)")
    add("--seed", type=int, default=0, help="of weights, order and augmentation (default 0)")
    add("--output", type=Path, required=True, help="weights file to write")
    add("--threads", type=int, default=1, help="CPU threads")
    args = parser.parse_args(argv)
    prepare(gpus=0, threads=args.threads)

    import torch

    from sed_core.features.embeddings.pretrain import pretrain
    from sed_core.runtime.files import atomic

    tagger = pretrain(
        args.encoder,
        args.corpus,
        args.truth,
        classes=args.classes.split(","),
        clip_seconds=args.clip_seconds,
        steps=args.steps,
        batch_size=args.batch_size,
        seed=args.seed,
    )
    with atomic(args.output) as draft, draft.open("wb") as stream:
        torch.save(tagger.public(), stream)


if __name__ == "__main__":
    run(main)
