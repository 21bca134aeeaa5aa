"""Take a given checkpoint as the networks of a system, without training."""

import argparse
from pathlib import Path

from sed_core.config.system import System
from sed_core.inference.external_checkpoint import check_agreement, completed, provenance
from sed_core.models.checkpoint import load_checkpoint, save_checkpoint
from sed_core.runtime.cli import run
from sed_core.runtime.files import write_json


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, check, write the networks with a whole configuration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="model.pt, .ckpt or .pt")
    parser.add_argument("--system", type=Path, required=True, help="system.json")
    parser.add_argument("--seed", type=int, required=True, help="named in the results")
    parser.add_argument("--model", type=Path, required=True, help="output: student and teacher")
    parser.add_argument("--provenance", type=Path, required=True, help="output: JSON")
    args = parser.parse_args(argv)
    system = System.read(args.system)
    checkpoint = load_checkpoint(args.checkpoint)
    check_agreement(checkpoint, system, source=str(args.checkpoint))
    checkpoint = completed(checkpoint, system, source=str(args.checkpoint))
    checkpoint.networks()  # refuses what does not fit together
    save_checkpoint(args.model, checkpoint)
    write_json(args.provenance, provenance(args.checkpoint, system, seed=args.seed))


if __name__ == "__main__":
    run(main)
