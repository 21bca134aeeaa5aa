"""Own C code: compiled at first use with the machine's compiler, and kept for the next time."""

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import warnings
from pathlib import Path

from torch import Tensor

from sed_core.runtime.files import atomic

FOLDER = Path(__file__).parent
FLAGS = ("-O3", "-march=native", "-fopenmp", "-shared", "-fPIC")


def cache_folder() -> Path:
    """Where compiled libraries are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sed_core"


def _processor() -> str:
    """What `-march=native` depends on: one home folder may serve machines of several kinds."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


@functools.cache
def native_library(name: str, *options: str) -> ctypes.CDLL | None:
    """Compile `<name>.c` of this folder into a shared library, or take the one made before.

    It shares the OpenMP threads of torch, and their number.

    Args:
        name: of the C file, without suffix.
        options: of the compiler, such as `-DC=16`.

    Returns:
        None where there is no compiler or it fails; a warning then says so, once.
    """
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        warnings.warn("no C compiler (gcc) on PATH: training on the CPU is slower", stacklevel=2)
        return None
    try:
        target = cache_folder() / f"{name}-{_identity(name, compiler, options)}.so"
        if not target.is_file():
            with atomic(target) as part:
                command = [compiler, *FLAGS, *options, str(FOLDER / f"{name}.c"), "-o", str(part)]
                subprocess.run(command, check=True, capture_output=True, text=True)
        return ctypes.CDLL(str(target))
    except (OSError, subprocess.CalledProcessError) as error:
        reason = str(getattr(error, "stderr", "") or error).strip()[:300]
        warnings.warn(
            f"{name}.c was not compiled: training on the CPU is slower ({reason})", stacklevel=2
        )
        return None


def pointers(*tensors: Tensor | None) -> list[ctypes.c_void_p]:
    """Addresses of contiguous tensors, as arguments of a C function; None becomes NULL."""
    return [ctypes.c_void_p(None if tensor is None else tensor.data_ptr()) for tensor in tensors]


def longs(*values: int) -> list[ctypes.c_long]:
    """Whole numbers as arguments of a C function."""
    return [ctypes.c_long(value) for value in values]


def _identity(name: str, compiler: str, options: tuple[str, ...]) -> str:
    """Digest of all that decides what the compiler makes."""
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout
    sources = [path.read_text() for path in (FOLDER / "vector.h", FOLDER / f"{name}.c")]
    text = "\n".join((*sources, compiler, version, *FLAGS, *options, _processor()))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
