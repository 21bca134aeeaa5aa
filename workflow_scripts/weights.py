"""Make sure that the weights of a pretrained network are there and are the right ones.

A file that is there already, put by hand or by another rule, is checked and used in place; else it
is downloaded. An interrupted download continues.
"""

import argparse

from sed_core.features.embeddings.weights import load_encoder, obtain_weights
from sed_core.runtime.cli import run
from sed_core.runtime.files import write_json


def main(argv: list[str] | None = None) -> None:
    """Parse the arguments, obtain and open the file, write the receipt."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--encoder", required=True, help="registered name of the network, such as ast")
    add("--path", required=True, help="where the file is or goes")
    add("--url", action="append", default=[], help="its address; again for mirrors")
    add("--checksum", help="sha256:… or md5:…")
    add("--note", default="", help="what the tables should say of these weights")
    add("--receipt", required=True, help="JSON to write")
    args = parser.parse_args(argv)
    receipt = obtain_weights(args.path, urls=args.url, checksum=args.checksum, note=args.note)
    parameters = sum(p.numel() for p in load_encoder(args.encoder, args.path).parameters())
    write_json(args.receipt, {"encoder": args.encoder, "parameters": parameters, **receipt})
    print(f"{args.path}: {receipt['size']:,} bytes, {parameters:,} parameters")


if __name__ == "__main__":
    run(main)
