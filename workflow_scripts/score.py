"""Score the predictions of a split: PSDS on both scales, F1s, curves and events."""

import argparse
from pathlib import Path

from sed_core.config.jobs import ScoringJob
from sed_core.data.manifest import check_coverage
from sed_core.energy.meter import EnergyMeter
from sed_core.runtime.cli import run
from sed_core.runtime.files import write_json
from sed_core.runtime.provenance import collect
from sed_core.scoring.score_split import score_split
from sed_core.scoring.settings import Settings

REQUIRED = {
    "scores": "HDF5 file of frame scores",
    "truth": "TSV: filename, onset, offset, event_label",
    "durations": "TSV: filename, duration (s); every clip that counts",
    "split": "name in the results, such as devtest",
    "output": "result JSON to write",
    "roc": "curves JSON to write",
}


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, score."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    for name, text in REQUIRED.items():
        add(f"--{name}", required=True, help=text)
    add("--job", type=ScoringJob.read, required=True, help="JSON: names, and how to score")
    add("--seed", type=int, required=True, help="seed of the training")
    add("--metadata", help="table of the split's recordings, for groups of them")
    add("--manifest", help="manifest TSV of the split, for the coverage")
    add("--provenance", nargs="*", help="JSON files copied into the result")
    add("--energy", help="energy record to write")
    add("--bootstrap-scores", help="JSON of the drawn scores to write, for tests between systems")
    args = parser.parse_args(argv)
    job, scoring = args.job, args.job.scoring
    settings = Settings(
        median_window=scoring.median_window, weak_mask=scoring.weak_mask,
        n_thresholds=scoring.n_thresholds,
        eventless_clips=scoring.eventless_clips, f1_convention=scoring.f1_convention,
    )  # fmt: skip
    covered = args.manifest and check_coverage(args.manifest, minimum=job.min_coverage)
    names = {"system": job.system, "dataset": job.dataset, "seed": args.seed}
    with EnergyMeter("scoring", Path(args.output).parent, tracker=None) as meter:
        score_split(
            args.scores, args.truth, args.durations, settings=settings, coverage=covered,
            output=args.output, roc=args.roc, bootstrap=args.bootstrap_scores, split=args.split,
            further=scoring.further, groups=scoring.groups, metadata=args.metadata,
            n_bootstrap=scoring.bootstrap, reported=scoring.reported, **names,
            provenance=collect(args.provenance) if args.provenance else {},
            classes=job.classes,
        )  # fmt: skip
    if args.energy:
        write_json(args.energy, meter.record(system=job.system, seed=args.seed))


if __name__ == "__main__":
    run(main)
