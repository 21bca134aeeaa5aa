"""Processor time and description of the machine."""

from typing import Any

import psutil

from sed_core.runtime.provenance import hardware


def tree_cpu_seconds() -> float:
    """User and system seconds of this process, its living children and all that were reaped."""
    me = psutil.Process()
    total = 0.0
    for process in [me, *me.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue  # it ended meanwhile; its parent's figure has it
        total += times.user + times.system
        total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return total


def machine_cpu_seconds() -> float:
    """Busy seconds of all cores since boot; compare with `tree_cpu_seconds` to see other load."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    guest = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # also in user time
    return float(sum(times) - idle - guest)


def machine(gpus: list[str]) -> dict[str, Any]:
    """Processor, cores, memory and the GPUs in use."""
    memory = psutil.virtual_memory().total / 2**30
    return {**hardware(), "ram_gib": round(memory, 1), "gpus": gpus}
