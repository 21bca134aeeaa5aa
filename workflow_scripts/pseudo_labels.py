"""Label clips that have no labels by the scores of several systems, for another one to train on."""

import argparse
from pathlib import Path

from sed_core.runtime.cli import run
from sed_core.runtime.files import digest, write_json
from sed_core.runtime.provenance import collect
from sed_core.scoring.pseudo_labels import NETWORK, write_pseudo_labels


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, write the table and where it comes from."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("scores", nargs="+", help="HDF5 of frame scores of each network that labels")
    add("--made-by", nargs="+", required=True, help="provenance.json of each of them")
    add("--sharpen", type=float, required=True, help="factor of the posteriors' logits")
    add("--floor", type=float, required=True, help="labels below it are 0")
    add("--labels", type=Path, required=True, help="output: TSV with a column confidence")
    add("--provenance", type=Path, required=True, help="output: JSON")
    args = parser.parse_args(argv)
    options = {"sharpen": args.sharpen, "floor": args.floor}
    counts = write_pseudo_labels(args.scores, args.labels, **options)
    made = {
        **options,
        **counts,
        "network": NETWORK,
        "scores": {"/".join(Path(path).parts[-3:]): digest(path) for path in args.scores},
        "networks": collect(args.made_by),
    }
    write_json(args.provenance, made)
    print(f"{args.labels}: {counts['rows']} rows, {counts['labelled']} of {counts['clips']} clips")


if __name__ == "__main__":
    run(main)
