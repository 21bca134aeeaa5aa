"""How far the demo's rows move on other kinds of machine: the demo again under their settings.

    make demo && python benchmarks/stability.py [--settings avx2 threads] [--cores 2]

`avx2` is a processor without AVX-512 and AMX, in every library, for everything from the sounds
on; `threads` trains with two threads, `plain` where there is no C compiler, both from the demo's
own data. Prints a table, PSDS1 of each row under each setting, and what does not hold: an order, or
an interval of the demo's table.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import yaml

DEMO = "configs/mini.yaml"
ROOT = Path(__file__).resolve().parents[1]
AVX512 = "F CD _SKX _CLX _CNL _ICL _SPR"  # NumPy's names begin with AVX512
AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": " ".join(f"AVX512{name}" for name in AVX512.split()),
}


@dataclass(frozen=True)
class Setting:
    """What differs from the demo on this machine; `gcc` is a script in the compiler's place."""

    title: str
    environment: dict[str, str] = field(default_factory=dict)
    config: dict = field(default_factory=dict)
    gcc: str = ""
    own_data: bool = False


SETTINGS = {
    "avx2": Setting(
        "AVX2 only",
        AVX2,
        gcc='exec /usr/bin/gcc "${@/-march=native/-march=x86-64-v3}"',
        own_data=True,
    ),
    "threads": Setting("two threads", config={"compute": {"threads": 2}}),
    "plain": Setting("no C compiler", gcc="exit 1"),
}


def run(name: str, folder: Path, cores: int) -> Path:
    """The demo's rows under a setting; the folder of their results."""
    setting, place = SETTINGS[name], folder / name
    (place / "bin").mkdir(parents=True, exist_ok=True)
    paths = {key: str(place / key) for key in ("results", "checkpoints", "logs")}
    config = {**setting.config, "pathvars": paths}
    if setting.own_data:
        paths["data"] = str(place / "data")
        config["datasets"] = {"mini": {"root": str(place / "data/source")}}
    (place / "setting.yaml").write_text(yaml.safe_dump(config))
    path = os.environ["PATH"]
    if setting.gcc:
        (place / "bin/gcc").write_text(f"#!/bin/bash\n{setting.gcc}\n")
        (place / "bin/gcc").chmod(0o755)
        path = f"{place / 'bin'}:{path}"
    command = ["snakemake", f"--cores={cores}", "--quiet=host", "--configfile", DEMO]
    command += [str(place / "setting.yaml"), "--", str(place / "results/tables/tables.txt")]
    subprocess.run(
        command, cwd=ROOT, check=True, env={**os.environ, **setting.environment, "PATH": path}
    )
    return place / "results"


def scores(results: Path, rows: list[str]) -> dict[str, dict]:
    """PSDS1 (scale of 2022) of rows: mean, interval."""
    files = {row: results / row / "devtest_psds.json" for row in rows}
    return {
        row: json.loads(file.read_text())["summary"]["psds1_dcase2022"]
        for row, file in files.items()
    }


def faults(here: dict[str, dict], there: dict[str, dict]) -> Iterator[str]:
    """Which orders of rows and which intervals of ours do not hold there."""
    for one, other in combinations(here, 2):
        if (here[one]["mean"] - here[other]["mean"]) * (
            there[one]["mean"] - there[other]["mean"]
        ) < 0:
            yield f"{one} and {other} change places"
    for row, score in here.items():
        low, high = score["interval"]
        if not low <= there[row]["mean"] <= high:
            yield f"{row} lies outside"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--output", type=Path, default=Path("results/stability"))
    parser.add_argument("--cores", type=int, default=2)
    args = parser.parse_args()
    targets = yaml.safe_load((ROOT / DEMO).read_text())
    rows = []
    for system in targets["targets"]:
        rows.append(system)
        variants = targets["postprocessing"].items()
        rows += [f"{system}+{name}" for name, of in variants if system in of["systems"]]
    folder = args.output.resolve()
    found = {name: scores(run(name, folder, args.cores), rows) for name in args.settings}
    here = scores(ROOT / "results/mini", rows)
    titles = [SETTINGS[name].title for name in found]
    print(
        f"| PSDS1 | this machine | {' | '.join(titles)} |",
        f"|---{'|---' * (1 + len(found))}|",
        sep="\n",
    )
    for row, score in here.items():
        low, high = score["interval"]
        cells = [f"{there[row]['mean']:.3f}" for there in found.values()]
        print(f"| {row} | {score['mean']:.3f} [{low:.3f}, {high:.3f}] | {' | '.join(cells)} |")
    problems = [(name, fault) for name in found for fault in faults(here, found[name])]
    for name, fault in problems:
        print(f"{SETTINGS[name].title}: {fault}")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
