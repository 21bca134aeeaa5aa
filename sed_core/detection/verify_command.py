"""Verify packages: their files by digest, their models by the events of their test clip."""

import argparse
from pathlib import Path

from sed_core.runtime.cli import run


def main(argv: list[str] | None = None, *, prog: str = "sedlab verify") -> None:
    """Parse arguments, verify each."""
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    parser.add_argument("packages", type=Path, nargs="+", help="folders that sedlab export wrote")
    args = parser.parse_args(argv)

    from sed_core.detection.package import verify

    for folder in args.packages:
        check = verify(folder)
        print(f"{folder}: {check.events} events as expected, scores within {check.largest:.1g}")


if __name__ == "__main__":
    run(main)
