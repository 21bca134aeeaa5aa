"""Where a result comes from: the code it ran, the packages, the machine."""

import ast
import functools
import hashlib
import importlib.metadata
import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sed_core.runtime.files import read_json

PACKAGES = (
    "codecarbon",
    "h5py",
    "lightning",
    "numpy",
    "pandas",
    "scipy",
    "sed_scores_eval",
    "soxr",
    "torch",
    "torchaudio",
)
HOME = Path(__file__).resolve().parents[2]


@functools.cache
def imported_files(path: Path) -> frozenset[Path]:
    """Files of `sed_core` that a Python file imports, directly or through others, itself included.

    Read from the import statements, wherever they stand, so nothing is executed and a lazy import
    counts too. Data files beside a module (YAML, templates) belong to it.
    """
    seen: set[Path] = set()
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        if file.suffix == ".py":
            waiting += _direct_imports(file)
        if file.name == "__init__.py":
            seen.update(p for p in file.parent.iterdir() if p.is_file() and p.suffix != ".py")
    return frozenset(seen)


@functools.cache
def _direct_imports(file: Path) -> list[Path]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    parts = [name.split(".") for name in names if name.split(".")[0] == "sed_core"]
    prefixes = {tuple(part[:end]) for part in parts for end in range(1, len(part) + 1)}
    candidates = [HOME.joinpath(*prefix) for prefix in sorted(prefixes)]
    modules = [path.with_suffix(".py") for path in candidates]
    packages = [path / "__init__.py" for path in candidates]
    return [path for path in modules + packages if path.is_file()]


def code_version(*scripts: str | Path) -> str:
    """Content hash (12 hex digits) of scripts and of all project code that they import.

    Args:
        scripts: paths relative to the repository, for example `workflow_scripts/train.py`.
    """
    files = frozenset[Path]().union(*(imported_files(HOME / script) for script in scripts))
    return _hash_files(files)


def _hash_files(files: Iterable[Path]) -> str:
    total = hashlib.blake2b(digest_size=6)
    for file in sorted(files):
        total.update(str(file.relative_to(HOME)).encode() + b"\0")
        total.update(hashlib.blake2b(file.read_bytes(), digest_size=16).digest())
    return total.hexdigest()


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
    """Provenance of a result: that of its networks, or those of all members of an ensemble."""
    if len(paths) == 1:
        return read_json(paths[0])
    return {"members": {"/".join(Path(path).parts[-3:-1]): read_json(path) for path in paths}}


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
