"""A day of sound through `sedlab detect`: processor time, peak memory.

    python benchmarks/long_recording.py MODEL [--hours 24] [--weights FILE] [--scratch FOLDER]

Makes a 16 kHz FLAC file of noise in which a tone sounds for two seconds every ten minutes, hears it
on one thread, and prints a row of a Markdown table. MODEL is what `sedlab detect --model` takes.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile as sf
import torch

RATE = 16000


def make(path: Path, hours: float) -> None:
    """Write the recording, a minute at a time."""
    rng = np.random.default_rng(0)
    seconds = np.arange(60 * RATE) / RATE
    noise = rng.normal(0, 0.01, (8, 60 * RATE))
    with sf.SoundFile(path, "w", RATE, 1, "PCM_16") as sound:
        for minute in range(round(60 * hours)):
            tone = 0.2 * np.sin(2 * np.pi * 900 * seconds) * (seconds < 2) * (minute % 10 == 0)
            sound.write(noise[minute % 8] + tone)


def main() -> None:
    """Make, hear, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--scratch", type=Path, help="folder for the recording")
    args = parser.parse_args()

    from sed_core.detection.batch import detect
    from sed_core.detection.find_recordings import find
    from sed_core.detection.models import load_listener
    from sed_core.detection.pipeline import Decisions, Pipeline
    from sed_core.runtime.device import prepare

    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        file = Path(scratch) / "long.flac"
        make(file, args.hours)
        prepare(gpus=0, threads=1)
        listener = load_listener(args.model, torch.device("cpu"), weights=args.weights)
        pipeline = Pipeline(listener, Decisions())
        begin, wall = time.process_time(), time.monotonic()
        labels = detect(pipeline, find([file])[0])
        spent, wall = time.process_time() - begin, time.monotonic() - wall
    assert not isinstance(labels, str), labels
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"| `{Path(args.model).stem}` | {args.hours:g} h | {args.hours * 60 / spent:.1f} hours a "
        f"minute of processor time | {wall / 60:.1f} min | {peak:.0f} MB | "
        f"{len(labels.labels)} events |"
    )


if __name__ == "__main__":
    main()
