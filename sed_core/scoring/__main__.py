"""Score any system's predictions against any ground truth.

PREDICTIONS is a TSV of detected events (event_label, onset, offset, filename), such a TSV with a
column `threshold` or a folder of such TSVs (operating points), an HDF5 file of frame scores, or a
folder of TSVs of frame scores as sed_scores_eval writes them.
"""

import argparse
from typing import Any

from sed_core.runtime.cli import run
from sed_core.runtime.files import write_json
from sed_core.scoring.evaluate import Settings, windows
from sed_core.scoring.predictions import kind_of, score_predictions
from sed_core.scoring.psds import SCENARIOS, read_scenarios


def main(argv: list[str] | None = None, *, prog: str = "python -m sed_core.scoring") -> None:
    """Parse arguments, score, print a table, write JSON."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("predictions", help="see above")
    add("--truth", required=True, help="TSV: filename, onset, offset, event_label")
    add("--durations", required=True, help="TSV: filename, duration (s); every clip that counts")
    add("--classes", help="comma list; default: those of the scores, else of the ground truth")
    add(
        "--median-window",
        type=windows,
        help="frames, one or a comma list by class; default: 7 for HDF5 files, which hold raw "
        "scores, 1 (no filter) for score folders",
    )
    add("--n-thresholds", type=int, default=50, help="operating points of the 2022 scale")
    add("--threshold", type=float, default=0.5, help="of the events that F1 judges")
    add(
        "--eventless-clips",
        choices=["skip", "score"],
        default="skip",
        help="detections in clips without events: skip them (default), as the 2022 baseline and "
        "the workflow do, which never run such clips, or score them as false positives",
    )
    add("--scenarios", help="JSON of PSDS parameters; default: the two DCASE scenarios")
    add("--allow-missing", action="store_true", help="score without the clips that have no scores")
    add("--json", help="write all figures here")
    add("--roc", help="write the PSD-ROC curves here (scores only)")
    args = parser.parse_args(argv)

    raw = kind_of(args.predictions) == "scores"
    settings = Settings(
        scenarios=read_scenarios(args.scenarios) if args.scenarios else SCENARIOS,
        median_window=args.median_window or (7 if raw else 1),
        n_thresholds=args.n_thresholds,
        threshold=args.threshold,
        eventless_clips=args.eventless_clips,
    )
    result = score_predictions(
        args.predictions,
        args.truth,
        args.durations,
        classes=args.classes.split(",") if args.classes else None,
        settings=settings,
        allow_missing=args.allow_missing,
    )
    curves = result.pop("roc")
    if args.roc:
        write_json(args.roc, curves)
    if args.json:
        write_json(args.json, {**result, "settings": settings.as_dict()})
    coverage = result["coverage"]
    print(f"{result['kind']}; {coverage['present']} of {coverage['expected']} clips")
    for network, metrics in result["networks"].items():
        print(f"\n{table(network, metrics)}")


def table(title: str, metrics: dict[str, Any]) -> str:
    """Metrics in columns; one row for all classes together and one per class."""
    columns: dict[str, dict[str, float | None]] = {}
    notes = []
    for name, value in metrics.items():
        if "macro" in value:
            columns[name] = {"(all classes)": value["macro"], **value["per_class"]}
            notes.append(f"{name}: {value['convention']}")
        for scale in ("exact", "dcase2022"):
            if scale in value:
                part = value[scale]
                columns[f"{name} {scale}"] = {
                    "(all classes)": part["value"],
                    **part["per_class"],
                }
    rows = next(iter(columns.values()))
    width = max(len(name) for name in [title, *rows])
    lines = ["  ".join([title.ljust(width), *columns])]
    for row in rows:
        cells = [_cell(column[row]).rjust(len(name)) for name, column in columns.items()]
        lines.append("  ".join([row.ljust(width), *cells]))
    return "\n".join(lines + notes)


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


if __name__ == "__main__":
    run(main)
