"""Write the tables of scores and energy, and print them."""

import argparse
import json
from pathlib import Path

from sed_core.energy.energy_record import merged
from sed_core.reporting.energy_tables import energy_records, full_energy_tables, read_energy
from sed_core.reporting.page import page
from sed_core.reporting.published_scores import published
from sed_core.reporting.scores_table import read_scores, scores_records, scores_tables
from sed_core.reporting.table import write_tables
from sed_core.runtime.cli import run
from sed_core.runtime.files import write_text


def main(argv: list[str] | None = None) -> None:
    """Parse the arguments, make the tables, write them, print them as plain text."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--scores", nargs="+", required=True, metavar="JSON", help="each system's *_psds.json")
    add("--energy", nargs="*", default=[], metavar="JSON", help="all systems' *.energy.json")
    add("--dataset-name", required=True, help="data set named in the titles")
    add("--reference", default="", help="system that energies are compared with")
    add("--notes", type=json.loads, default={}, help="JSON: remarks, see scores_tables")
    add(
        "--published",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="show the figures published for DESED beside the measured ones",
    )
    for name in ("scores-md", "scores-csv", "energy-md", "energy-csv"):
        add(f"--{name}", type=Path, required=True, metavar="FILE", help="output file")
    add("--html", type=Path, metavar="FILE", help="output file: all tables as one page")
    args = parser.parse_args(argv)

    scores = [read_scores(path) for path in args.scores]
    energy = merged([read_energy(path) for path in args.energy])
    others = published() if args.published else []
    score_tables = scores_tables(scores, dataset=args.dataset_name, others=others, notes=args.notes)
    kwh_tables = full_energy_tables(
        scores, energy, reference=args.reference, dataset=args.dataset_name, others=others
    )

    write_tables(
        f"Scores: {args.dataset_name}",
        score_tables,
        md=args.scores_md,
        csv=args.scores_csv,
        records=scores_records(scores, others),
    )
    write_tables(
        f"Energy: {args.dataset_name}",
        kwh_tables,
        md=args.energy_md,
        csv=args.energy_csv,
        records=energy_records(energy, others),
    )
    if args.html:
        write_text(args.html, page(f"Results: {args.dataset_name}", score_tables + kwh_tables))


if __name__ == "__main__":
    run(main)
