"""Score any system's predictions against any ground truth.

PREDICTIONS is a table of detected events (event_label, onset, offset, filename), such a table with
a column `threshold` or a folder of such TSVs (operating points), an HDF5 file of frame scores, or a
folder of TSVs of frame scores as sed_scores_eval writes them.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from sed_core.runtime.cli import run
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import write_json
from sed_core.scoring.console import comparison_table, coverage_line, intervals_table, table
from sed_core.scoring.f1 import CONVENTIONS
from sed_core.scoring.predictions import ScoringRequest, kind_of, score_predictions
from sed_core.scoring.scenarios import SCENARIOS, read_scenarios
from sed_core.scoring.settings import Settings, windows
from sed_core.scoring.significance import bootstrap_networks, compare_networks

_DRAWS = 1000


def main(argv: list[str] | None = None, *, prog: str = "python -m sed_core.scoring") -> None:
    """Parse arguments, score, print tables, write JSON."""
    args = _parser(prog).parse_args(argv)
    for path in (args.json, args.roc):
        if path and Path(path).is_dir():
            raise SedError(f"{path} is a folder; name the JSON file to write.")
    draws = _draws(args.bootstrap, args.compare)
    if args.compare:
        kind_of(args.compare)  # a wrong path should not cost the wait for the first system
    request = ScoringRequest(
        truth=args.truth,
        durations=args.durations,
        settings=Settings(
            scenarios=read_scenarios(args.scenarios) if args.scenarios else SCENARIOS,
            n_thresholds=args.n_thresholds,
            threshold=args.threshold,
            eventless_clips=args.eventless_clips,
        ),
        classes=_classes(args.classes),
        median_window=args.median_window,
        f1_convention=args.f1_convention,
        allow_missing=args.allow_missing,
        resampling=draws > 0,
    )
    scored = score_predictions(args.predictions, request)
    own = bootstrap_networks(scored, draws)
    tests: dict[str, dict[str, Any]] = {}
    if args.compare:
        median = args.compare_median_window or args.median_window
        other = score_predictions(args.compare, replace(request, median_window=median))
        names = (str(args.predictions), str(args.compare))
        tests = compare_networks(own, bootstrap_networks(other, draws), names=names)
    if args.roc:
        write_json(args.roc, {name: result.roc for name, result in scored.networks.items()})
    if args.json:
        content = {
            "kind": scored.kind,
            "coverage": scored.coverage,
            "networks": {name: result.metrics for name, result in scored.networks.items()},
            "settings": scored.settings.as_dict(),
            "notes": scored.notes,
        }
        if draws:
            content["intervals"] = {name: drawn.intervals() for name, drawn in own.items()}
        if args.compare:
            content["comparison"] = {"against": str(args.compare), "networks": tests}
        write_json(args.json, content)
    print(coverage_line(scored))
    for name, result in scored.networks.items():
        print(f"\n{table(name, result.metrics)}")
        if draws:
            print(f"\n{intervals_table(own[name])}")
        if args.compare:
            print(f"\n{comparison_table(tests[name], args.compare)}")
    if scored.notes:
        print("\n" + "\n".join(scored.notes))


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("predictions", help="see above")
    add("--truth", required=True, help="TSV: filename, onset, offset, event_label")
    add("--durations", required=True, help="TSV: filename, duration (s); every clip that counts")
    add(
        "--classes",
        help="comma list of those that count; default: all of the scores, or of the truth",
    )
    add(
        "--median-window",
        type=windows,
        help="frames, one number or a comma list by class; default: 7 for HDF5 files, which "
        "hold raw scores, 1 (no filter) for score folders",
    )
    add("--n-thresholds", type=int, default=50, help="operating points of the 2022 scale")
    add("--threshold", type=float, default=0.5, help="of the events that F1 judges")
    add(
        "--f1-convention",
        choices=CONVENTIONS,
        help="rules of F1 (the JSON has both); default: dcase2022 for DESED's classes, by which a "
        "class that is never found leaves the mean, and sed_scores_eval for all others, by which "
        "it counts as 0",
    )
    add(
        "--eventless-clips",
        choices=["skip", "score"],
        default="skip",
        help="detections in clips without events: skip them (default), as the 2022 baseline and "
        "the workflow do, which never run such clips, or score them as false positives",
    )
    add("--scenarios", help="JSON of PSDS parameters; default: the two DCASE scenarios")
    add("--allow-missing", action="store_true", help="score without the clips that have no scores")
    add(
        "--bootstrap",
        type=int,
        nargs="?",
        const=_DRAWS,
        metavar="DRAWS",
        help=f"give intervals, from so many draws of clips ({_DRAWS} unless you say)",
    )
    add("--compare", metavar="OTHER", help="predictions of another system: test the difference")
    add(
        "--compare-median-window",
        type=windows,
        metavar="FRAMES",
        help="of OTHER; default: what --median-window says, else by the kind of OTHER",
    )
    add("--json", help="write all figures here")
    add("--roc", help="write the PSD-ROC curves here (scores only)")
    return parser


def _draws(asked: int | None, compare: str | None) -> int:
    if asked is None:
        return _DRAWS if compare else 0
    if asked < 0 or (compare and asked == 0):
        raise SedError(f"--bootstrap is {asked}; expected a number of draws, such as {_DRAWS}.")
    return asked


def _classes(text: str | None) -> list[str] | None:
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    if "" in names or len(set(names)) < len(names):
        raise SedError(f"--classes is {text!r}; expected names with commas between, each once.")
    return names


if __name__ == "__main__":
    run(main)
