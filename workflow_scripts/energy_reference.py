"""Table of a reference run: what the baseline takes on this machine."""

import argparse
from pathlib import Path

from sed_core.reporting.energy_tables import energy_tables, read_energy, work_table
from sed_core.reporting.table import write_tables
from sed_core.runtime.cli import run


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, write the table, print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", nargs="+", help="energy records of the reference run")
    parser.add_argument("--dataset-name", required=True, help="data set named in the titles")
    parser.add_argument("--output", type=Path, required=True, help="Markdown file to write")
    args = parser.parse_args(argv)
    records = [read_energy(path) for path in args.records]
    systems = list(dict.fromkeys(record["system"] for record in records))
    tables = energy_tables(records, systems=systems, dataset=args.dataset_name, others=[])
    tables.append(work_table(records, dataset=args.dataset_name))
    write_tables("Energy reference of this machine", tables, md=args.output)


if __name__ == "__main__":
    run(main)
