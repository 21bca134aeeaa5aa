"""Time to score the dev-test: 1,168 clips, all metrics, both scales, student and teacher.

Takes the simulated scores of the reference folder for both networks (the teacher's are shifted
by a hair so that no work can be shared), from HDF5 and TSV files to JSON files.

    OMP_NUM_THREADS=2 python benchmarks/scoring.py ../shared/reference/scoring
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from sed_core.scoring.evaluate import Settings
from sed_core.scoring.score_file import score_writer
from sed_core.scoring.split import score_split


def write_scores(folder: Path, path: Path) -> None:
    good = np.load(folder / "scores_good" / "good.npz")
    strong = (good["filtered"] / good["denominator"]).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 1e-3, strong.shape).astype(np.float32)
    with score_writer(
        path,
        filenames=[f"{name.removesuffix('.wav')}.wav" for name in good["clips"]],
        classes=good["classes"].tolist(),
        n_frames=np.full(len(strong), strong.shape[1]),
        frame_seconds=float(good["hop"]),
    ) as writer:
        everything = slice(0, len(strong))
        for name, scores in (("student", strong), ("teacher", np.clip(strong + noise, 0, 1))):
            writer.put(name, everything, scores, scores.max(1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference", type=Path, help="the folder with scores_good")
    parser.add_argument("--bootstrap", type=int, default=0, help="draws of clips")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    truth = args.reference / "desed_metadata" / "validation.tsv"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_scores(args.reference, folder / "scores.h5")
        for _ in range(args.repeats):
            start, cpu = time.perf_counter(), time.process_time()
            score_split(
                folder / "scores.h5",
                truth,
                truth.with_name("validation_durations.tsv"),
                settings=Settings(),
                output=folder / "psds.json",
                roc=folder / "roc.json",
                resamples=folder / "resamples.json",
                n_resamples=args.bootstrap,
                events=folder / "events",
                split="devtest",
                reported="student",
                coverage=None,
                system="good",
                dataset="desed",
                seed=1,
                provenance={},
            )
            wall, cpu = time.perf_counter() - start, time.process_time() - cpu
            print(f"{wall:.2f} s wall, {cpu:.2f} s of processor")
        print(f"roc.json: {(folder / 'roc.json').stat().st_size / 1e6:.1f} MB")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
