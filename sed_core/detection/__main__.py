"""Find sound events in recordings, with a model that is ready or one of your own.

AUDIO are files of any length, rate and format (libsndfile or ffmpeg), or folders of them. The model
is YAMNet with its AudioSet classes unless --model names another; `sedlab models` lists them.

With --output, what is done is noted in OUTPUT.journal: the same command goes on where it stopped,
and does only what is new or has changed.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sed_core.runtime.cli import positive, run
from sed_core.runtime.errors import SedError

if TYPE_CHECKING:
    from sed_core.detection.batch import Request


def main(argv: list[str] | None = None, *, prog: str = "python -m sed_core.detection") -> None:
    """Parse arguments, detect, write events."""
    from sed_core.data.label_formats.formats import FORMATS

    parser = argparse.ArgumentParser(
        prog=prog, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("audio", type=Path, nargs="+", help="see above")
    decision_arguments(parser)
    add("--output", type=Path, help="file or folder of events; default: print them")
    add(
        "--format",
        choices=FORMATS,
        help="of the events (default: by the output's suffix, or desed)",
    )
    add("--jobs", type=positive, default=1, help="recordings at a time (default 1)")
    args = parser.parse_args(argv)

    from sed_core.data.label_formats.formats import save_labels
    from sed_core.detection.batch import detect_all, not_heard, pipeline
    from sed_core.detection.find_recordings import find
    from sed_core.detection.journal import Journal
    from sed_core.runtime.progress import progress

    recordings = find(args.audio)
    request = request_of(args)
    pipeline(request)  # mistakes show, and weights are fetched, before processes begin
    path = args.output and args.output.with_name(args.output.name + ".journal")
    journal = Journal(path, request.settings())
    todo = [recording for recording in recordings if not journal.has(recording)]
    if len(todo) < len(recordings):
        print(f"{len(recordings) - len(todo)} recordings are done already.", file=sys.stderr)
    with progress(total=sum(one.size for one in todo), desc="detect", unit="B") as bar:
        bar.unit_scale = True
        jobs = min(args.jobs, max(1, len(todo)))
        for recording, found in detect_all(request, todo, jobs=jobs):
            journal.add(recording, found)
            bar.update(recording.size)
            bar.set_postfix_str(recording.name[-30:])
    results = [journal.found(recording) for recording in recordings]
    usable = [one for one in results if not isinstance(one, str)]
    if usable:
        save_labels(usable, args.output, args.format)
    bad = [
        f"{recording.path} cannot be used as audio ({why})"
        for recording, why in zip(recordings, results, strict=True)
        if isinstance(why, str)
    ]
    if bad:  # one bad file among many does not cost the others their events
        raise SedError(not_heard(bad, len(usable)))


def decision_arguments(parser: argparse.ArgumentParser) -> None:
    """What all commands that detect take."""
    from sed_core.scoring.settings import windows

    add = parser.add_argument
    add("--model", default="yamnet", help="name (sedlab models), model.pt or public .ckpt")
    add("--weights", type=Path, help="file of the named model, or of what a model.pt fuses")
    add("--network", choices=["student", "teacher"], default="student", help="of a model.pt")
    add("--classes", help="comma list of those wanted (default: all of the model)")
    add(
        "--threshold",
        default="0.5",
        help="what a score must exceed: a number (default 0.5), a table by class, or best-f1, "
        "stored in the model",
    )
    add(
        "--median-window",
        type=windows,
        help="frames, one or a comma list by class (default: the model's)",
    )
    add("--min-length", type=float, default=0.0, metavar="S", help="drop shorter events")
    add("--merge-gap", type=float, default=0.0, metavar="S", help="join events no further apart")
    add("--quiet", type=float, metavar="DB", help="hear nothing below this level, such as -60")
    add("--gpus", type=int, default=1, help="0: use the CPU even where there is a GPU")
    add("--threads", type=int, default=0, help="of a process (default: all cores, shared by jobs)")


def request_of(args: argparse.Namespace) -> "Request":
    """The request that such arguments mean."""
    from sed_core.data.parallel import available_cores
    from sed_core.detection.batch import Request
    from sed_core.detection.pipeline import Decisions

    decisions = Decisions(
        threshold=args.threshold,
        classes=split_names(args.classes),
        median_window=args.median_window,
        merge_gap=args.merge_gap,
        min_length=args.min_length,
        quiet=args.quiet,
    )
    threads = args.threads or max(1, available_cores() // getattr(args, "jobs", 1))
    return Request(args.model, args.network, args.weights, decisions, min(args.gpus, 1), threads)


def split_names(text: str | None) -> list[str] | None:
    """Names of a comma list; a comma inside quotes belongs to the name, as in CSV."""
    import csv

    if text is None:
        return None
    names = [name.strip() for name in next(csv.reader([text], skipinitialspace=True))]
    if "" in names or not names:
        raise SedError(f"--classes is {text!r}; expected names with commas between.")
    return names


if __name__ == "__main__":
    run(main)
