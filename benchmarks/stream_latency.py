"""Ten minutes of a stream through what `sedlab listen` runs: how late and how fast.

    python benchmarks/stream_latency.py MODEL… [--minutes 10] [--weights FILE] [--hop S] [--tail S]

Blocks of 0.1 s come in turn. A begin is late by the sound that had been heard when it was told,
less its onset, and by the time that computing took since that block came, which is all that a
listener waits for while computing keeps up. Prints a row of a Markdown table a model: seconds of
sound a second of wall time, events, median, 95 and 99 % of latency, and the longest that one block
took. On one thread.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

RATE = 16000
BLOCK = RATE // 10


def sound(minutes: float) -> Iterator[np.ndarray]:
    """Noise with a burst every five seconds: a tone, a chirp or a hiss, of half a second to two."""
    rng = np.random.default_rng(0)
    for number in range(round(12 * minutes)):
        piece = rng.normal(0, 0.003, 5 * RATE)
        seconds = np.arange(int(rng.uniform(0.5, 2) * RATE)) / RATE
        pitch = rng.uniform(300, 3000)
        kinds = (
            np.sin(2 * np.pi * pitch * seconds),
            np.sin(2 * np.pi * (pitch + 400 * seconds) * seconds),
            rng.normal(0, 0.5, len(seconds)),
        )
        begin = int(rng.uniform(0, 2.5) * RATE)
        piece[begin : begin + len(seconds)] += 0.3 * kinds[number % 3]
        yield from piece.astype(np.float32).reshape(-1, BLOCK)


def main() -> None:
    """Listen, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--hop", type=float, default=1.0)
    parser.add_argument("--tail", type=float)
    parser.add_argument("--threshold", default="0.5")
    args = parser.parse_args()

    from sed_core.detection.listener import SystemListener
    from sed_core.detection.live import LiveSystemListener, live_events
    from sed_core.detection.models import load_listener
    from sed_core.detection.pipeline import Decisions, Pipeline
    from sed_core.runtime.device import prepare

    prepare(gpus=0, threads=1)
    for model in args.models:
        listener = load_listener(model, torch.device("cpu"), weights=args.weights, live=True)
        if isinstance(listener, SystemListener):
            listener = LiveSystemListener(listener, hop=args.hop, tail=args.tail)
        pipeline = Pipeline(listener, Decisions(threshold=args.threshold))
        came, longest = time.perf_counter(), 0.0

        def blocks() -> Iterator[np.ndarray]:
            nonlocal came, longest
            for block in sound(args.minutes):
                longest = max(longest, time.perf_counter() - came)
                came = time.perf_counter()
                yield block

        begin, late = time.perf_counter(), []
        for event in live_events(pipeline, blocks()):
            if event.state == "begin":
                late.append(event.heard - event.label.onset + time.perf_counter() - came)
        spent = time.perf_counter() - begin
        middle, most, nearly = np.percentile(late, [50, 95, 99])
        print(
            f"| `{model}` | {60 * args.minutes / spent:.0f} | {len(late)} | {middle:.2f} s | "
            f"{most:.2f} s | {nearly:.2f} s | {1000 * longest:.0f} ms |",
            flush=True,
        )


if __name__ == "__main__":
    main()
