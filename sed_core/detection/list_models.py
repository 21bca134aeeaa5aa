"""List the models that are ready to run, and measure how fast they are here.

FILES are models of your own, described in the same table.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sed_core.runtime.cli import run

if TYPE_CHECKING:
    from sed_core.detection.listener import Listener

SECONDS = 20.0  # of noise, by which speed is measured


def main(argv: list[str] | None = None, *, prog: str = "sedlab models") -> None:
    """Parse arguments, print a table."""
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    parser.add_argument("files", nargs="*", help="model.pt or public .ckpt")
    parser.add_argument("--fetch", action="store_true", help="fetch those that are not here yet")
    parser.add_argument("--classes", metavar="MODEL", help="only list its classes, one a line")
    args = parser.parse_args(argv)

    import torch

    from sed_core.data.parallel import available_cores
    from sed_core.detection.models import (
        CACHE,
        MODELS,
        cache,
        load_listener,
        yamnet_classes,
    )
    from sed_core.runtime.device import prepare
    from sed_core.runtime.files import human_size

    if args.classes:
        ready = args.classes in MODELS  # then it need not be here
        cpu = torch.device("cpu")
        names = yamnet_classes() if ready else load_listener(args.classes, cpu).classes
        print("\n".join(names))
        return
    prepare(gpus=0, threads=available_cores())
    rows = [
        ["model", "classes", "frame", "rate", "latency", "size", "speed", "licence", "good for"]
    ]
    for name in [*MODELS, *args.files]:
        known = MODELS.get(name)
        path = known.path if known else Path(name)
        size = path.stat().st_size if path.exists() else known.size if known else 0
        last = [known.licence, known.purpose] if known else ["your own", "what it was trained on"]
        if known and not path.exists() and not args.fetch:
            rows.append(
                [name, str(known.n_classes), *["-"] * 3, human_size(size), "not here", *last]
            )
            continue
        listener = load_listener(name, torch.device("cpu"))
        rows.append(
            [
                name,
                str(len(listener.classes)),
                f"{listener.frame_seconds:g} s",
                f"{listener.sample_rate} Hz",
                f"{listener.latency:.2f} s",
                human_size(size),
                f"{_speed(listener):.0f}x",
                *last,
            ]
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print(
            "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    print(
        f"Fetched models are in {cache()}; {CACHE} names another folder. Speed: seconds of sound a "
        "second, on this machine's CPU.",
        file=sys.stderr,
    )


def _speed(listener: "Listener") -> float:
    import numpy as np

    noise = np.random.default_rng(0).normal(0, 0.05, round(SECONDS * listener.sample_rate))
    blocks = np.array_split(noise.astype(np.float32), 20)
    for _ in listener.hear(blocks[:2]):
        pass  # the first run sets things up
    begin = time.perf_counter()
    for _ in listener.hear(blocks):
        pass
    return SECONDS / (time.perf_counter() - begin)


if __name__ == "__main__":
    run(main)
