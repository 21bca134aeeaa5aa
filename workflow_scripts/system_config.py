"""Write a system's complete configuration, after checking that it describes a network."""

import argparse
import json
from pathlib import Path

from sed_core.config.system import System
from sed_core.runtime.cli import run
from sed_core.runtime.files import write_json


def main(argv: list[str] | None = None) -> None:
    """Parse arguments and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", required=True, help="the merged configuration as JSON text")
    parser.add_argument("--output", type=Path, required=True, help="output: system.json")
    args = parser.parse_args(argv)
    content = json.loads(args.json)
    System.from_dict(content)
    write_json(args.output, content, decimals=12)


if __name__ == "__main__":
    run(main)
