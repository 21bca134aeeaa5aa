"""Write the report: one HTML file with tables, plots, clips and provenance."""

import argparse
import json
from pathlib import Path

from sed_core.energy.energy_record import merged
from sed_core.reporting import style
from sed_core.reporting.energy_tables import read_energy
from sed_core.reporting.published_scores import published
from sed_core.reporting.report import Sources, report
from sed_core.reporting.score_vs_energy import score_vs_energy
from sed_core.reporting.scores_table import read_scores
from sed_core.runtime.cli import run
from sed_core.runtime.files import write_text


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, build the page and the plot of energy and scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--results", type=Path, required=True, help="folder of results")
    add("--data", type=Path, required=True, help="folder of prepared data")
    add("--dataset-name", required=True, help="data set named in the titles")
    add("--rows", nargs="+", required=True, help="systems, variants and ensembles, in order")
    add("--test", required=True, help="split that is scored")
    add("--splits", nargs="+", required=True, help="all splits in use")
    add("--annotated", nargs="*", default=[], help="splits with several annotators")
    add("--strong", nargs="*", default=[], help="splits with strong labels to count")
    add("--weak", nargs="*", default=[], help="splits with weak labels to count")
    add("--energy", nargs="*", default=[], metavar="JSON", help="energy records")
    add("--reference", default="", help="system that energies are compared with")
    add("--notes", type=json.loads, default={}, help="JSON: remarks, see scores_tables")
    add("--published", action=argparse.BooleanOptionalAction, default=False)
    add("--output", type=Path, required=True, metavar="HTML", help="report to write")
    add(
        "--score-vs-energy",
        type=Path,
        required=True,
        metavar="SVG",
        help="scores against energy to write",
    )
    args = parser.parse_args(argv)
    energy = merged([read_energy(path) for path in args.energy])
    sources = Sources(
        results=args.results,
        data=args.data,
        rows=args.rows,
        test=args.test,
        splits=args.splits,
        strong=args.strong,
        annotated=args.annotated,
        weak=args.weak,
        dataset=args.dataset_name,
        energy=energy,
        reference=args.reference,
        notes=args.notes,
        others=published() if args.published else [],
    )
    write_text(args.output, report(sources))
    scores = [read_scores(args.results / row / f"{args.test}_psds.json") for row in args.rows]
    style.save(score_vs_energy(scores, energy), args.score_vs_energy, title="Scores against energy")


if __name__ == "__main__":
    run(main)
