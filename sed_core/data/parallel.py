"""A function over many items on all cores, in order, with a bounded number in flight."""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from sed_core.runtime.cli import die_with_parent
from sed_core.runtime.errors import SedError

Item = TypeVar("Item")
Result = TypeVar("Result")

IN_FLIGHT = 4  # results a process may be ahead of the reader


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], *, jobs: int
) -> Iterator[Result]:
    """Yield `function(item)` in the order of `items`, computed by `jobs` processes.

    At most `IN_FLIGHT * jobs` results wait in memory, however slow the reader. With one job
    everything runs in this process.

    Raises:
        SedError: a process was killed from outside, most likely for memory.
    """
    if jobs == 1:
        yield from map(function, items)
        return
    waiting: deque[Future[Result]] = deque()
    with ProcessPoolExecutor(jobs, initializer=_start) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= IN_FLIGHT * jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise SedError(
                "a worker process was killed, most likely because memory ran out; run again, which "
                "continues where this stopped, with fewer jobs."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _start() -> None:
    """Workers leave Ctrl-C to the parent and die with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent()
