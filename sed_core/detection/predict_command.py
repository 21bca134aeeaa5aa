"""Find the sound events in recordings.

AUDIO are files that libsndfile or ffmpeg can read, at any rate and of any length, or folders of
them. A recording that is longer than the model's clips is heard in windows that overlap by half.
"""

import argparse
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from sed_core.data.parallel import available_cores
from sed_core.runtime.cli import positive, run
from sed_core.runtime.device import prepare
from sed_core.runtime.errors import SedError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sed_core.detection.find_recordings import Recording
    from sed_core.detection.listener import FrameScores


def main(argv: list[str] | None = None, *, prog: str = "sedlab predict") -> None:
    """Parse arguments, predict, write events and possibly scores."""
    from sed_core.data.label_formats.formats import FORMATS
    from sed_core.scoring.settings import windows

    parser = argparse.ArgumentParser(
        prog=prog, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("model", type=Path, help="a model.pt of the workflow, or a public DCASE 2022 .ckpt")
    add("audio", type=Path, nargs="+", help="see above")
    add("--output", type=Path, help="file or folder of events; default: print them")
    add(
        "--format",
        choices=FORMATS,
        help="of the events (default: by the output's suffix, or desed)",
    )
    add("--scores", type=Path, help="folder for the filtered frame scores, a TSV a recording")
    add("--network", choices=["student", "teacher"], default="student")
    add(
        "--threshold",
        default="0.5",
        help="what a score must exceed: a number from 0 to below 1 (default 0.5), a table by "
        "class, or best-f1, stored in the model",
    )
    add(
        "--median-window",
        type=windows,
        help="frames, one or a comma list by class (default: the model's own decoding)",
    )
    add("--weights", type=Path, help="of the pretrained network, for a model that fuses one")
    add(
        "--batch-size",
        type=positive,
        help="windows at a time (default: as many as in validation, at most 240 s of sound); "
        "scores agree to 1e-6 whatever the number",
    )
    add("--gpus", type=int, default=1, help="0: use the CPU even where there is a GPU")
    add("--threads", type=int, default=available_cores(), help="default: all cores")
    args = parser.parse_args(argv)
    prepare(gpus=min(args.gpus, 1), threads=args.threads)

    from sed_core.data.label_formats.formats import save_labels
    from sed_core.data.label_formats.labelled_events import RecordingLabels
    from sed_core.detection.batch import detect, not_heard
    from sed_core.detection.find_recordings import find
    from sed_core.detection.listener import system_listener
    from sed_core.detection.pipeline import Decisions, Pipeline
    from sed_core.inference.recordings import load_predictor
    from sed_core.runtime.device import torch_device
    from sed_core.runtime.progress import progress
    from sed_core.scoring.score_folder import score_table

    recordings = find(args.audio)
    if args.scores:
        _refuse_equal_stems(recordings)
    predictor = load_predictor(args.model, torch_device(), weights=args.weights)
    listener = system_listener(predictor, args.network, batch_size=args.batch_size)
    pipeline = Pipeline(
        listener, Decisions(threshold=args.threshold, median_window=args.median_window)
    )
    found: list[RecordingLabels] = []
    unusable = []
    for recording in progress(recordings, desc="predict", unit="recording"):
        table: AbstractContextManager[Callable[[FrameScores], None] | None] = nullcontext()
        if args.scores:
            table = score_table(
                args.scores, recording.name, pipeline.classes, listener.frame_seconds
            )
        labels = detect(pipeline, recording, table)
        if isinstance(labels, str):
            unusable.append(f"{recording.path} cannot be used as audio ({labels})")
        else:
            found.append(labels)
    if found:
        save_labels(found, args.output, args.format)
    if unusable:  # one bad file among many does not cost the others their events
        raise SedError(not_heard(unusable, len(found)))


def _refuse_equal_stems(recordings: "list[Recording]") -> None:
    """Score files are named by their recording without folder and suffix."""
    stem, count = Counter(one.path.stem for one in recordings).most_common(1)[0]
    if count > 1:
        same = [str(one.path) for one in recordings if one.path.stem == stem]
        raise SedError(
            f"{' and '.join(same[:2])} would have one file of scores; give them in two runs."
        )


if __name__ == "__main__":
    run(main)
