"""Clips a second and core of the pass from recordings to corpus, on noise made for it.

    python benchmarks/resample.py --clips 400 --jobs 1 2

Prints, in one run: each resampler alone, torchaudio's with the parameters that its documentation
gives for kaiser_best, reading and resampling a clip, and the whole pass of each number of processes
with the peak memory of its largest process. Figures are for 10 s clips at
44.1 kHz; the files are in the page cache, so the disk is left out.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import soundfile as sf
import torch

from sed_core.data.audio import read_clip
from sed_core.data.resample import resample_split
from sed_core.data.resamplers import RESAMPLERS, resampler
from sed_core.features.torchaudio_import import torchaudio

RATE, TARGET, SECONDS = 44100, 16000, 10


def make_clips(folder: Path, count: int) -> None:
    folder.mkdir()
    noise = np.random.default_rng(0)
    for index in range(count):
        samples = 0.1 * noise.standard_normal(RATE * SECONDS, dtype=np.float32)
        sf.write(folder / f"Y{index:011d}_0.000_10.000.wav", samples, RATE)


def per_second(function: Callable[[], object], repeat: int = 60) -> float:
    """Calls a CPU second, from the median: other work on the machine counts little."""
    times = []
    for _ in range(repeat):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return float(1 / np.median(times))


def through(samples: np.ndarray, kind: str) -> None:
    stream = resampler(kind, RATE, TARGET)
    for at in range(0, len(samples), 1 << 16):
        stream.resample_chunk(samples[at : at + (1 << 16)])
    stream.resample_chunk(samples[:0], last=True)


def cpu_seconds() -> float:
    """User and system time of this process and its finished children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_clips(folder / "audio", args.clips)
        first = next((folder / "audio").iterdir())
        samples, _ = sf.read(first, dtype="float32")
        for kind in RESAMPLERS:
            rate = per_second(partial(through, samples, kind))
            print(f"{kind:12s} alone        {rate:7.0f} clips/s a core (CPU time)")
        torch.set_num_threads(1)
        documented = torchaudio.transforms.Resample(
            RATE, TARGET, "sinc_interp_kaiser", 64, 0.9475937167399596, 14.769656459379492
        )
        rate = per_second(lambda: documented(torch.from_numpy(samples)))
        print(f"torchaudio   alone        {rate:7.0f} clips/s a core (CPU time)")
        clip = per_second(lambda: read_clip(first, sample_rate=TARGET))
        print(f"read, check and resample {clip:5.0f} clips/s a core (CPU time)")
        for jobs in args.jobs:
            start, before = time.perf_counter(), cpu_seconds()
            resample_split(
                split="benchmark",
                audio_dir=folder / "audio",
                filenames=None,
                clip_seconds=SECONDS,
                sample_rate=TARGET,
                manifest=folder / f"{jobs}.tsv",
                corpus=folder / f"{jobs}.h5",
                jobs=jobs,
            )
            wall, cpu = time.perf_counter() - start, cpu_seconds() - before
            print(
                f"whole pass, {jobs:2d} processes  {args.clips / cpu:5.0f} clips/s a core "
                f"(CPU time), {args.clips / wall:.0f} clips/s of wall time"
            )
    own, workers = (
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(f"peak memory: {own:.0f} MB, largest worker {workers:.0f} MB")


if __name__ == "__main__":
    main()
