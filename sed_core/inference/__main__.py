"""Find the sound events in recordings.

AUDIO are files that libsndfile or ffmpeg can read, at any rate, or folders of them. A recording
that is longer than the model's clips is heard in windows that overlap by half.
"""

import argparse
from collections import Counter
from pathlib import Path

from sed_core.data.parallel import available_cores
from sed_core.runtime.cli import positive, run, threshold
from sed_core.runtime.device import prepare
from sed_core.runtime.errors import SedError


def main(argv: list[str] | None = None, *, prog: str = "python -m sed_core.inference") -> None:
    """Parse arguments, predict, write events and possibly scores."""
    from sed_core.data.label_formats.formats import FORMATS
    from sed_core.scoring.settings import windows

    parser = argparse.ArgumentParser(
        prog=prog, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("model", type=Path, help="a model.pt of the workflow, a DCASE 2022 .ckpt, or FDY-SED's .pt")
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
        type=threshold,
        default=0.5,
        help="what a score must exceed, from 0 to below 1 (default 0.5)",
    )
    add(
        "--median-window",
        type=windows,
        default=7,
        help="frames, an odd number or a comma list by class (default 7, as in 2022)",
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

    from sed_core.data.audio import read_clip
    from sed_core.data.label_formats.formats import save_labels
    from sed_core.data.label_formats.labelled_events import RecordingLabels
    from sed_core.inference.recordings import find_recordings, load_predictor, score_recording
    from sed_core.runtime.device import torch_device
    from sed_core.runtime.progress import progress
    from sed_core.scoring.confidence import labels_of
    from sed_core.scoring.decode import decode
    from sed_core.scoring.score_folder import write_score_folder

    recordings = find_recordings(args.audio)
    _refuse_equal_names(recordings, by_stem=args.scores is not None)
    predictor = load_predictor(args.model, torch_device(), weights=args.weights)
    heard = predictor.system.dataset
    found: list[RecordingLabels] = []
    unusable = []
    for path in progress(recordings, desc="predict", unit="recording"):
        clip = read_clip(path, sample_rate=heard.sample_rate, resampler=heard.resampler)
        if clip.status != "ok":
            unusable.append(f"{path} cannot be used as audio ({clip.note})")
            continue
        scores = score_recording(
            predictor,
            path.name,
            clip.samples,
            network=args.network,
            median_window=args.median_window,
            batch_size=args.batch_size or predictor.batch_size,
        )
        strong = scores.networks[args.network].strong
        events = decode(strong, args.threshold, frame_seconds=scores.frame_seconds)
        labels = labels_of(events, strong[0], scores.classes, frame_seconds=scores.frame_seconds)
        found.append(RecordingLabels(path.name, labels, clip.duration))
        if args.scores:
            write_score_folder(args.scores, scores, args.network)
    if found:
        save_labels(found, args.output, args.format)
    if unusable:  # one bad file among many does not cost the others their events
        raise SedError(f"{'; '.join(unusable)}; the other {len(found)} recordings are done.")


def _refuse_equal_names(recordings: list[Path], *, by_stem: bool) -> None:
    """Events name their recording without its folder, score files without its suffix as well."""
    names = [path.stem if by_stem else path.name for path in recordings]
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        same = [str(path) for path, own in zip(recordings, names, strict=True) if own == name]
        raise SedError(f"{' and '.join(same[:2])} would have one name; give them in two runs.")


if __name__ == "__main__":
    run(main)
