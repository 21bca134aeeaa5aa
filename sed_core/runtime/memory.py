"""Keeping the C library from handing freed memory back to the system between training steps."""

import ctypes
import sys

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
