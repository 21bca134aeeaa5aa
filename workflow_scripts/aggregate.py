"""Sum up the scores of one system over its seeds: mean, standard deviation, per class."""

import argparse

from sed_core.runtime.cli import run
from sed_core.runtime.files import read_json, write_json
from sed_core.scoring.aggregate import aggregate
from sed_core.scoring.bootstrap_scores import mean_of, read_bootstrap
from sed_core.scoring.group_scores import mean_of_groups


def main(argv: list[str] | None = None) -> None:
    """Read the results of all seeds, write one."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("results", nargs="+", help="result JSON of each seed")
    add("--bootstrap-scores", nargs="*", default=[], help="resampled metrics of each seed")
    add("--output", required=True, help="JSON of the system")
    add("--bootstrap-scores-output", help="JSON to write: resampled metrics of the mean over seeds")
    args = parser.parse_args(argv)
    results = [read_json(path) for path in args.results]
    drawn = (
        mean_of([read_bootstrap(path)[1] for path in args.bootstrap_scores])
        if args.bootstrap_scores
        else None
    )
    groups = mean_of_groups([read_json(path).get("groups", {}) for path in args.bootstrap_scores])
    total = aggregate(results, drawn.intervals() if drawn else None, groups)
    write_json(args.output, total)
    if drawn and args.bootstrap_scores_output:
        drawn.write(args.bootstrap_scores_output, system=total["system"], split=total["split"])


if __name__ == "__main__":
    run(main)
