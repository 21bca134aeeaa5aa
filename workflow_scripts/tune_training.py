"""Search keys of one system by training it; an interrupted search continues where it stopped."""

import argparse
from pathlib import Path

import yaml

from sed_core.config.training_search import SearchJob, nested
from sed_core.runtime.cli import run
from sed_core.runtime.device import prepare
from sed_core.runtime.files import write_text


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, search, write table, plot and the configuration of what was best."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--job", type=SearchJob.read, required=True, help="JSON: what to search")
    add("--data", type=Path, required=True, help="folder with audio16k and truth")
    add("--pseudo-labels", type=Path, help="folder of labels from other systems")
    add("--checkpoints", type=Path, required=True, help="folder to resume from")
    add("--md", type=Path, required=True, help="output: the trials, best first")
    add("--csv", type=Path, required=True, help="output: the trials in order")
    add("--plot", type=Path, required=True, help="output: SVG")
    add("--best", type=Path, required=True, help="output: YAML, a system with the best values")
    add("--gpus", type=int, default=1, help="1 or more: use a GPU; 0 for the CPU")
    add("--threads", type=int, default=1, help="CPU threads")
    args = parser.parse_args(argv)
    prepare(gpus=min(args.gpus, 1), threads=args.threads)

    from sed_core.config.systems import merge  # after the GPU has been chosen
    from sed_core.reporting import search_results, style
    from sed_core.reporting.table import write_tables
    from sed_core.training.search import search

    job = args.job
    trials = search(
        job,
        data=args.data,
        checkpoints=args.checkpoints,
        pseudo_labels=args.pseudo_labels,
        say=lambda trial: print(f"trial {trial.number + 1} of {job.trials}: {trial}", flush=True),
    )
    best = search_results.best_of(trials)
    tuned = merge(job.override, nested(best.values))
    found = {
        "systems": {f"{job.system}_tuned": tuned},
        "targets": [job.system, f"{job.system}_tuned"],
    }
    write_text(args.best, yaml.safe_dump(found, sort_keys=False))
    figure = search_results.search_plot(trials, system=job.system)
    style.save(figure, args.plot, title=f"Search over {job.system}")
    write_tables(
        f"Search over {job.system}",
        [search_results.search_table(trials, system=job.system)],
        md=args.md,
        csv=args.csv,
        records=search_results.records(trials),
    )


if __name__ == "__main__":
    run(main)
