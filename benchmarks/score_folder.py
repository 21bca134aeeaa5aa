"""Processor time of score folders, by our reader and writer and by those of sed_scores_eval.

    python benchmarks/score_folder.py [--clips 1168]

Random scores of 10 classes on 156 frames a clip, one process each.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from sed_scores_eval.base_modules.io import read_sed_scores, write_sed_scores
from sed_scores_eval.base_modules.scores import create_score_dataframe

from sed_core.scoring.score_folder import read_score_folder, score_table

CLASSES = [f"class {number}" for number in range(10)]
HOP, FRAMES = 0.064, 156


def timed(what: str, function: Callable[[], object]) -> None:
    begin = time.process_time()
    function()
    print(f"{what}: {time.process_time() - begin:.2f} s")


def write(folder: Path, names: list[str], strong: np.ndarray) -> None:
    for name, scores in zip(names, strong, strict=True):
        with score_table(folder, name, CLASSES, HOP) as add:
            add(scores)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=1168)
    count = parser.parse_args().clips
    strong = np.random.default_rng(0).random((count, FRAMES, len(CLASSES)), dtype=np.float32)
    names = [f"{number}.wav" for number in range(count)]
    times = np.round(HOP * np.arange(FRAMES + 1), 6)
    tables = {
        Path(name).stem: create_score_dataframe(values, times, CLASSES)
        for name, values in zip(names, strong, strict=True)
    }
    with tempfile.TemporaryDirectory() as name:
        ours, theirs = Path(name, "ours"), Path(name, "theirs")
        timed("ours writes", lambda: write(ours, names, strong))
        timed("sed_scores_eval writes", lambda: write_sed_scores(tables, theirs))
        for folder in (ours, theirs):
            size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
            print(f"{folder.name}, {size:.1f} MB")
            timed("  ours reads", partial(read_score_folder, folder, names, jobs=1))
            timed("  sed_scores_eval reads", partial(read_sed_scores, folder))


if __name__ == "__main__":
    main()
