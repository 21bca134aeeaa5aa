"""How much memory is left, and how to keep freed memory for the next training step."""

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -2, -4, -8
_NEVER = 2**31 - 1
_GROW_BY = 64 * 2**20


def keep_freed_memory() -> bool:
    """Make glibc keep and reuse large blocks that this process frees; call before allocating.

    By default each large tensor is mapped when made and unmapped when freed, so that every training
    step on a CPU faults its activations in again, page by page: half of the reference's time. The
    price: the process keeps its peak memory until it ends.

    Returns:
        Whether the C library is glibc and took the settings.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = (
        (_M_MMAP_MAX, 0),
        (_M_TRIM_THRESHOLD, _NEVER),
        (_M_TOP_PAD, _GROW_BY),
        (_M_ARENA_MAX, 1),
    )
    taken = [mallopt(option, value) for option, value in settings]
    return all(taken)


def available_memory(*, root: Path = Path("/")) -> int:
    """Bytes that this process may still take: of the machine's, its container's and its job's.

    A container or a cluster's job is ended when it takes more than it was given, however much the
    machine has left. Memory of a cgroup (v2 or v1) that only caches files counts as free. The
    workflow says in `SED_MEMORY_GB` what it gives to a job (`compute.memory_gb`).

    Args:
        root: of the file system, for tests.
    """
    left = [int(psutil.virtual_memory().available), *_cgroup_left(root)]
    taken = psutil.Process().memory_info().rss
    # In MiB; some clusters set no cgroup.
    for name, unit in (("SLURM_MEM_PER_NODE", 2**20), ("SED_MEMORY_GB", 10**9)):
        given = os.environ.get(name, "")
        if given.isdigit() and int(given) > 0:
            left.append(int(given) * unit - taken)
    return max(0, min(left))


def _cgroup_left(root: Path) -> Iterator[int]:
    """Limit minus use of the process' control group and of all above it."""
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers not in ("", "memory"):
                continue
            top = root / "sys/fs/cgroup" / controllers
            place = top / path.lstrip("/")
            names = (
                ("memory.max", "memory.current", "inactive_file")
                if not controllers
                else ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            )
            for folder in (place, *place.parents):
                if not folder.is_relative_to(top):
                    break
                with contextlib.suppress(OSError, ValueError, KeyError):
                    yield _left(folder, *names)


def _left(folder: Path, limit: str, use: str, cache: str) -> int:
    """ValueError where there is no limit (`max`), OSError where it is not told."""
    most = int((folder / limit).read_text())
    told = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    return most - int((folder / use).read_text()) + int(told[cache])
