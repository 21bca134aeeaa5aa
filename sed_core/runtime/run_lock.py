"""A run of the workflow says who it is, and takes away the lock of one that was killed hard.

The workflow engine locks a folder by files that do not say whose they are, and a killed run leaves
them behind.
"""

import atexit
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from sed_core.runtime.errors import SedError
from sed_core.runtime.files import read_json, write_json
from sed_core.runtime.processes import Process

MARK = "SED_RUN"
"""In the environment of all that a run starts: its jobs may outlive it."""


def begin_run(locks: Path) -> bool:
    """Note this run beside the locks; remove these if all who can have made them are gone.

    They stay where a run is alive, where it cannot be seen from here (another machine, container
    or user), where a job of it still runs, and where there are more locks than dead runs, so that
    somebody else must have made one.

    Args:
        locks: folder of the engine's `<number>.<kind>.lock`, which it empties when a run ends.

    Returns:
        Whether a lock was removed.
    """
    me = Process.this()
    name = f"{me.pid}-{me.start}-{me.place}"
    os.environ[MARK] = name
    mine = locks / f"{name}.json"
    with suppress(OSError), _alone(locks):
        others = {path: _read(path) for path in locks.glob("*.json") if path != mine}
        write_json(mine, asdict(me))
        atexit.register(mine.unlink, missing_ok=True)
        if not all(_is_dead(path, process) for path, process in others.items()):
            return False
        held = list(locks.glob("*.lock"))
        if len({path.name.partition(".")[0] for path in held}) > len(others):
            return False
        for path in (*held, *others):
            path.unlink(missing_ok=True)
        if held:
            print("A run here was killed; its lock is removed.", file=sys.stderr, flush=True)
        return bool(held)
    return False


def _is_dead(path: Path, process: Process | None) -> bool:
    if process is None or not process.is_gone():
        return False
    return not process.has_heirs(f"{MARK}={path.stem}")


def _read(path: Path) -> Process | None:
    """None where it does not say who wrote it."""
    try:
        return Process(**read_json(path))
    except (SedError, TypeError):
        return None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let two runs that begin at once look one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
