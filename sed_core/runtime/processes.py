"""Which process this is, so that a later one can prove that it is gone.

A bare number proves nothing: numbers are given again, and another machine or container that sees
the same folder has its own. In doubt a process counts as alive.
"""

import functools
import hashlib
import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process as it can be written down.

    Attributes:
        pid: its number.
        start: when it started, in clock ticks since the machine did.
        boot: the system's name of the machine's run from switching on to switching off.
        place: digest of where the number means something (machine and process namespace).
        user: number of its user.
    """

    pid: int
    start: int
    boot: str
    place: str
    user: int

    @classmethod
    def this(cls) -> "Process":
        """The one that asks."""
        pid = os.getpid()
        boot = _text(Path("/proc/sys/kernel/random/boot_id"))
        return cls(pid, started(pid) or 0, boot, place(), os.getuid())

    def is_gone(self) -> bool:
        """Whether it is proven that the process has ended."""
        me = Process.this()
        if self.place != me.place or not (self.boot and me.boot):
            return False
        if self.boot != me.boot:  # of this machine before it was switched off
            return bool(_machine())
        return started(self.pid) != self.start

    def has_heirs(self, mark: str) -> bool:
        """Whether processes may still run that got `mark` (`NAME=value`) from it to their start."""
        me = Process.this()
        if self.boot != me.boot:
            return False
        if self.user != me.user and me.user != 0:
            return True  # the environment of another user's processes cannot be seen
        return any(mark.encode() in found for found in _environments())


def started(pid: int) -> int | None:
    """When the process with this number started, in clock ticks; None where none runs."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *fields = text.rpartition(")")[2].split()
    return None if state in "ZX" else int(fields[18])  # of a zombie only the number is left


@functools.cache
def place() -> str:
    """Digest (8 hex digits) of where a process number means the same as here."""
    namespace = ""
    with suppress(OSError):
        namespace = str(Path("/proc/self/ns/pid").readlink())
    text = "\n".join((platform.node(), _machine(), namespace))
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def _machine() -> str:
    return _text(Path("/etc/machine-id"))


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _environments() -> Iterator[list[bytes]]:
    """What each process that this one may look into was given at its start."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            yield path.read_bytes().split(b"\0")
