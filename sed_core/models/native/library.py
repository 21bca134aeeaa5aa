"""Own C code: compiled at first use with the machine's compiler, and kept for the next time."""

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import stat
import subprocess
import warnings
from pathlib import Path

from torch import Tensor

from sed_core.runtime.errors import SedError
from sed_core.runtime.files import atomic

FOLDER = Path(__file__).parent
FLAGS = ("-O3", "-march=native", "-fopenmp", "-shared", "-fPIC")
PROBE = ("gru", "-DH=4")
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def cache_folder() -> Path:
    """Where compiled libraries are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sed_core"


@functools.cache
def kernels() -> str:
    """What computes the layers that there is C code for: its compiler, or else `torch`.

    The two round differently, so the same seed gives other weights. Decided once, by a small
    library; a warning says why there is none.
    """
    if compiler() is None:
        warnings.warn("no C compiler (gcc) on PATH: the CRNN is slower on the CPU", stacklevel=2)
        return "torch"
    try:
        _loaded(*PROBE)
    except (OSError, subprocess.CalledProcessError) as error:
        warnings.warn(
            f"{PROBE[0]}.c was not compiled: the CRNN is slower on the CPU ({_reason(error)})",
            stacklevel=2,
        )
        return "torch"
    return _version().partition("\n")[0]


@functools.cache
def native_library(name: str, *options: str) -> ctypes.CDLL | None:
    """Compile `<name>.c` of this folder into a shared library, or take the one made before.

    It shares the OpenMP threads of torch, and their number.

    Args:
        name: of the C file, without suffix.
        options: of the compiler, such as `-DC=16`.

    Returns:
        None where `kernels` says `torch`.

    Raises:
        SedError: it fails where the compiler did not fail before: plain layers in its place would
            give weights that are not what the fingerprint says.
    """
    if kernels() == "torch":
        return None
    try:
        return _loaded(name, *options)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SedError(
            f"{name}.c was not compiled ({_reason(error)}), though the compiler works; mend that, "
            f"or delete {cache_folder()}, and run the same command again."
        ) from error


def pointers(*tensors: Tensor | None) -> list[ctypes.c_void_p]:
    """Addresses of contiguous tensors, as arguments of a C function; None becomes NULL."""
    return [ctypes.c_void_p(None if tensor is None else tensor.data_ptr()) for tensor in tensors]


def longs(*values: int) -> list[ctypes.c_long]:
    """Whole numbers as arguments of a C function."""
    return [ctypes.c_long(value) for value in values]


def compiler() -> str | None:
    """Path of the C compiler, if there is one."""
    return shutil.which("gcc") or shutil.which("cc")


def _loaded(name: str, *options: str) -> ctypes.CDLL:
    target = cache_folder() / f"{name}-{_identity(name, options)}.so"
    _make_private(target.parent)
    if not _is_trusted(target):
        with atomic(target) as draft:
            source = str(FOLDER / f"{name}.c")
            command = [str(compiler()), *FLAGS, *options, source, "-o", str(draft)]
            subprocess.run(command, check=True, capture_output=True, text=True)
            draft.chmod(0o700)
    return ctypes.CDLL(str(target))


def _make_private(folder: Path) -> None:
    """Make the folder, for this user alone to write to.

    Raises:
        PermissionError: somebody else can put libraries there, which would run in this process.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if found.st_uid == os.geteuid() and found.st_mode & OTHERS_WRITE:
        folder.chmod(0o700)  # as a generous umask left it; libraries of others are made anew
    elif not _is_ours(found) or not stat.S_ISDIR(found.st_mode):
        raise PermissionError(f"others can write to {folder}; set XDG_CACHE_HOME to your folder")


def _is_trusted(library: Path) -> bool:
    """Whether the file is there and nobody else can have written it."""
    try:
        found = library.lstat()
    except FileNotFoundError:
        return False
    return _is_ours(found) and stat.S_ISREG(found.st_mode)


def _is_ours(found: os.stat_result) -> bool:
    return found.st_uid in (0, os.geteuid()) and not found.st_mode & OTHERS_WRITE


def _reason(error: Exception) -> str:
    return str(getattr(error, "stderr", "") or error).strip()[:300]


def _processor() -> str:
    """What `-march=native` depends on: one home folder may serve machines of several kinds."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


@functools.cache
def _version() -> str:
    command = [str(compiler()), "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _identity(name: str, options: tuple[str, ...]) -> str:
    """Digest of all that decides what the compiler makes."""
    sources = [path.read_text() for path in (FOLDER / "vector.h", FOLDER / f"{name}.c")]
    text = "\n".join((*sources, str(compiler()), _version(), *FLAGS, *options, _processor()))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
