"""Where a result comes from: the code it ran, the packages, the machine."""

import importlib.metadata
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sed_core.runtime.files import read_json

PACKAGES = (
    "codecarbon",
    "h5py",
    "lightning",
    "numpy",
    "pandas",
    "pyroomacoustics",
    "safetensors",
    "scipy",
    "soundfile",
    "soxr",
    "threadpoolctl",
    "torch",
    "torchaudio",
    "librosa",
)
"""What is imported and can change a number."""


def packages(names: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Versions of the installed packages that can change a number."""
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def collect(paths: Sequence[str | Path]) -> dict[str, Any]:
    """Provenance of a result: that of its networks, or those of all members of an ensemble.

    The hash of each file of code stays with the networks; `code_version` sums them up.
    """
    if len(paths) == 1:
        return {key: value for key, value in read_json(paths[0]).items() if key != "code"}
    return {"members": {"/".join(Path(path).parts[-3:-1]): collect([path]) for path in paths}}


def changed_code(path: Path, now: Mapping[str, str]) -> list[str]:
    """Files of code that differ from those that networks were trained with, are new or are gone.

    Args:
        path: provenance of the networks; without it, or where it does not tell, nothing differs.
        now: what it would be made with, see `code_files`.
    """
    then = read_json(path).get("code", now) if path.is_file() else now
    return sorted(name for name in {*then, *now} if then.get(name) != now.get(name))


def cpu_model() -> str:
    """The processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def hardware() -> dict[str, str | int]:
    """Processor, cores and system of this machine."""
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.machine()}",
    }
