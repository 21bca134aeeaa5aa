"""Energy of an ensemble in one stage: the sum over its members."""

import argparse
from pathlib import Path

from sed_core.energy.energy_record import total, write_energy
from sed_core.runtime.cli import run
from sed_core.runtime.files import read_json


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, add up, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", nargs="+", help="energy record of each member and seed")
    parser.add_argument("--name", required=True, help="of the ensemble")
    parser.add_argument("--energy", type=Path, required=True, help="output: energy record")
    parser.add_argument("--kwh", type=Path, required=True, help="output: total kWh as text")
    args = parser.parse_args(argv)
    record = total([read_json(path) for path in args.records], system=args.name, seed=0)
    write_energy(record, args.energy, args.kwh)


if __name__ == "__main__":
    run(main)
