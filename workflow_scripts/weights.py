"""Make sure that the weights of a pretrained network are there and are the right ones.

A file that is there already, put by hand or by another rule, is checked and used in place; else it
is downloaded. An interrupted download continues.
"""

import argparse
import json

import torch

from sed_core.features.embeddings.encoder_weights import load_encoder, obtain_weights
from sed_core.models.complexity import complexity
from sed_core.runtime.cli import run
from sed_core.runtime.files import write_json


def main(argv: list[str] | None = None) -> None:
    """Parse the arguments, obtain and open the file, write the receipt."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--encoder", required=True, help="registered name of the network, such as ast")
    add("--options", type=json.loads, default={}, help="JSON of what is changed in the network")
    add("--path", required=True, help="where the file is or goes")
    add("--url", action="append", default=[], help="its address; again for mirrors")
    add("--checksum", help="sha256:… or md5:…")
    add("--clip-seconds", type=float, default=10.0, help="clip whose cost is stated (default 10)")
    add("--receipt", required=True, help="JSON to write")
    args = parser.parse_args(argv)
    receipt = obtain_weights(args.path, urls=args.url, checksum=args.checksum, network=args.encoder)
    encoder = load_encoder(args.encoder, args.path, options=args.options)
    size = complexity(encoder, torch.empty(1, round(args.clip_seconds * encoder.sample_rate)))
    named = {"encoder": args.encoder, "options": args.options}
    content = {**named, "complexity": size.as_dict(), **receipt}
    write_json(args.receipt, content)
    print(f"{args.path}: {receipt['size']:,} bytes, {size.parameters:,} parameters")


if __name__ == "__main__":
    run(main)
