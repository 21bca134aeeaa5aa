"""Score the predictions of a split: PSDS on both scales, F1s, curves and events."""

import argparse
from pathlib import Path

from sed_core.data.manifest import check_coverage
from sed_core.energy.meter import EnergyMeter
from sed_core.runtime.cli import run
from sed_core.runtime.files import write_json
from sed_core.runtime.provenance import collect
from sed_core.scoring.f1 import CONVENTIONS
from sed_core.scoring.psds import SCENARIOS, read_scenarios
from sed_core.scoring.score_split import score_split
from sed_core.scoring.settings import Settings, windows

REQUIRED = {
    "scores": "HDF5 file of frame scores",
    "truth": "TSV: filename, onset, offset, event_label",
    "durations": "TSV: filename, duration (s); every clip that counts",
    "system-name": "name in the results",
    "dataset-name": "name in the results",
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
    add("--seed", type=int, required=True, help="seed of the training")
    add("--reported", choices=["student", "teacher"], required=True, help="network to report")
    add("--median-window", type=windows, default=7, help="frames: one, or a comma list by class")
    add("--n-thresholds", type=int, default=50, help="operating points of the 2022 scale")
    add("--eventless-clips", choices=["skip", "score"], default="skip", help="skip as in 2022")
    add("--f1-convention", choices=CONVENTIONS, default="dcase2022", help="rules of F1")
    add("--scenarios", help="JSON of PSDS parameters; default: the two DCASE scenarios")
    add("--manifest", help="manifest TSV of the split, for the coverage")
    add("--min-coverage", type=float, default=0.0, help="refuse fewer clips than this share")
    add("--provenance", nargs="*", help="JSON files copied into the result")
    add("--energy", help="energy record to write")
    add("--bootstrap", type=int, default=1000, help="draws of clips behind the intervals; 0: none")
    add("--bootstrap-scores", help="JSON of the drawn scores to write, for tests between systems")
    args = parser.parse_args(argv)
    settings = Settings(
        scenarios=read_scenarios(args.scenarios) if args.scenarios else SCENARIOS,
        median_window=args.median_window, n_thresholds=args.n_thresholds,
        eventless_clips=args.eventless_clips, f1_convention=args.f1_convention,
    )  # fmt: skip
    covered = args.manifest and check_coverage(args.manifest, minimum=args.min_coverage)
    names = {"system": args.system_name, "dataset": args.dataset_name, "seed": args.seed}
    with EnergyMeter("scoring", Path(args.output).parent, tracker=None) as meter:
        score_split(
            args.scores, args.truth, args.durations, settings=settings, coverage=covered,
            output=args.output, roc=args.roc, bootstrap=args.bootstrap_scores, split=args.split,
            n_bootstrap=args.bootstrap, reported=args.reported, **names,
            provenance=collect(args.provenance) if args.provenance else {},
        )  # fmt: skip
    if args.energy:
        write_json(args.energy, meter.record(system=args.system_name, seed=args.seed))


if __name__ == "__main__":
    run(main)
