"""Time and memory of scoring, beside sed_scores_eval, in one run.

Scores are the simulated ones of the reference folder, repeated with a little noise up to the number
of clips that is asked for, as one HDF5 file and as a folder of TSVs. Every measurement is a process
of its own: `score` with all metrics on both scales; sed_scores_eval with what it has of these, both
PSDS and three F1, its scores read once. HDF5 is read for it with h5py and put into its tables.

    python benchmarks/scoring.py ../shared/reference/scoring --clips 1168 20000
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import psutil

from sed_core.scoring.score_file import Posteriors, Scores, write_scores
from sed_core.scoring.score_folder import score_table

HOP = 0.064


def write_data(reference: Path, folder: Path, count: int) -> None:
    """`scores.h5`, `scores/`, `truth.tsv` and `durations.tsv` of so many clips."""
    good = np.load(reference / "scores_good" / "good.npz")
    plain = (good["filtered"] / good["denominator"]).astype(np.float32)
    stems = [name.removesuffix(".wav") for name in good["clips"]]
    rng = np.random.default_rng(0)
    names, strong = [], []
    for copy in range(-(-count // len(stems))):
        names += [f"{stem}_{copy}.wav" for stem in stems]
        noise = rng.normal(0, 1e-3, plain.shape).astype(np.float32)
        strong.append(np.clip(plain + noise, 0, 1))
    names = names[:count]
    values = np.concatenate(strong)[:count]
    scores = Scores(
        names,
        good["classes"].tolist(),
        HOP,
        np.full(count, plain.shape[1], np.int32),
        {"student": Posteriors(values, values.max(1))},
    )
    write_scores(folder / "scores.h5", scores)
    for clip, frames in zip(names, values, strict=True):
        with score_table(folder / "scores", clip, scores.classes, HOP) as add:
            add(frames)
    for table in ("validation", "validation_durations"):
        rows = pd.read_csv(reference / "desed_metadata" / f"{table}.tsv", sep="\t")
        copies = [
            rows.assign(filename=rows.filename.str.removesuffix(".wav") + f"_{copy}.wav")
            for copy in range(len(strong))
        ]
        kept = pd.concat(copies)
        kept = kept[kept.filename.isin(names)]
        name = "durations" if table.endswith("durations") else "truth"
        kept.to_csv(folder / f"{name}.tsv", sep="\t", index=False)


def library(folder: Path, form: str) -> None:
    """What sed_scores_eval makes of the same files."""
    from sed_scores_eval import collar_based, intersection_based, segment_based
    from sed_scores_eval.base_modules import io
    from sed_scores_eval.base_modules.scores import create_score_dataframe

    if form == "folder":
        loader = io.lazy_sed_scores_loader(folder / "scores")
        scores = {name: loader[name] for name in loader.keys()}  # noqa: SIM118
    else:
        with h5py.File(folder / "scores.h5") as file:
            classes, strong = json.loads(file.attrs["classes"]), file["student/strong"][:]
            times = np.round(np.arange(strong.shape[1] + 1) * HOP, 6)
            scores = {
                name.removesuffix(".wav"): create_score_dataframe(values, times, classes)
                for name, values in zip(file["filenames"].asstr()[:], strong, strict=True)
            }
    truth: dict[str, Any] = {name: [] for name in scores}
    truth |= io.read_ground_truth_events(folder / "truth.tsv")
    durations = io.read_audio_durations(folder / "durations.tsv")
    common = {"alpha_st": 1.0, "max_efpr": 100.0}
    one = {"dtc_threshold": 0.7, "gtc_threshold": 0.7}
    two = {"dtc_threshold": 0.1, "gtc_threshold": 0.1, "cttc_threshold": 0.3, "alpha_ct": 0.5}
    for parameters in (one, two):
        intersection_based.psds(scores, truth, durations, **parameters, **common)
    intersection_based.fscore(scores, truth, 0.5, dtc_threshold=0.5, gtc_threshold=0.5)
    collars = {"onset_collar": 0.2, "offset_collar": 0.2, "offset_collar_rate": 0.2}
    collar_based.fscore(scores, truth, 0.5, **collars)
    segment_based.fscore(scores, truth, durations, 0.5, segment_length=1.0)


def ours(folder: Path, form: str) -> None:
    """The whole command."""
    from sed_core.scoring.__main__ import main as score

    path = folder / ("scores" if form == "folder" else "scores.h5")
    tables = [f"--truth={folder / 'truth.tsv'}", f"--durations={folder / 'durations.tsv'}"]
    options = ["--median-window=1", "--eventless-clips=score", f"--json={folder / 'o.json'}"]
    score([str(path), *tables, *options])


def read_only(folder: Path, form: str) -> None:
    """Reading alone."""
    from sed_core.scoring.score_file import read_frames
    from sed_core.scoring.score_folder import read_score_folder

    if form == "folder":
        names = pd.read_csv(folder / "durations.tsv", sep="\t").filename.tolist()
        read_score_folder(folder / "scores", names)
    else:
        for _ in read_frames(folder / "scores.h5"):
            pass


def library_read(folder: Path, form: str) -> None:
    """Reading alone, by sed_scores_eval."""
    from sed_scores_eval.base_modules import io

    loader = io.lazy_sed_scores_loader(folder / "scores")
    _ = {name: loader[name] for name in loader.keys()}  # noqa: SIM118


TASKS = {"library": library, "ours": ours, "reading": read_only, "library reading": library_read}


def measured(task: str, folder: Path, form: str) -> tuple[float, float, float]:
    """Seconds, seconds of processor and GB (PSS, of all processes together) of a task."""
    start = time.perf_counter()
    command = [sys.executable, "-W", "ignore", __file__, str(folder)]
    process = psutil.Popen([*command, "--task", task, "--form", form], stdout=subprocess.DEVNULL)
    peak = cpu = 0.0
    while process.poll() is None:
        time.sleep(0.05)
        try:
            family = [process, *process.children(recursive=True)]
            peak = max(peak, sum(member.memory_full_info().pss for member in family))
            spent = process.cpu_times()
            cpu = max(cpu, sum(spent[:4]))
        except psutil.Error:
            continue
    if process.returncode:
        raise SystemExit(f"{task} failed on {form}")
    return time.perf_counter() - start, cpu, peak / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference", type=Path, help="the folder with scores_good")
    parser.add_argument("--clips", type=int, nargs="+", default=[1168])
    parser.add_argument("--task", choices=list(TASKS), help=argparse.SUPPRESS)
    parser.add_argument("--form", default="hdf5", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.task:
        TASKS[args.task](args.reference, args.form)
        return
    print("| clips | form | | wall s | processor s | peak GB |\n|---|---|---|---|---|---|")
    for count in args.clips:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_data(args.reference, folder, count)
            for form in ("hdf5", "folder"):
                tasks = ["ours", "library"] + ["reading", "library reading"] * (form == "folder")
                for task in tasks:
                    wall, cpu, peak = measured(task, folder, form)
                    figures = f"{wall:.1f} | {cpu:.1f} | {peak:.2f}"
                    print(f"| {count} | {form} | {task} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
