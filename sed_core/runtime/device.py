"""One job per GPU, and threads that match what the job was given.

Snakemake counts GPUs but does not pick one, so two jobs on a two-GPU host would both take the
first. Each job takes a lock file per GPU instead; the lock goes when the process goes, however
it dies.
"""

import contextlib
import fcntl
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from sed_core.runtime.errors import SedError
from sed_core.runtime.memory import keep_freed_memory

if TYPE_CHECKING:
    import torch

_held: list[TextIO] = []
POLL_SECONDS = 2.0


def visible_gpus() -> list[str]:
    """CUDA devices this process may use: `CUDA_VISIBLE_DEVICES` if set, else what the driver has.

    Asks nvidia-smi, because torch must not be imported before a device has been chosen.
    """
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name.strip() for name in named.split(",") if name.strip() not in ("", "-1")]
    return _installed_gpus()


def _installed_gpus() -> list[str]:
    try:
        listing = subprocess.run(
            ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return listing.split()


def claim_gpus(count: int, *, folder: Path | None = None) -> list[str]:
    """Reserve `count` GPUs for this process and hide the others; fewer where fewer exist.

    Waits while other jobs of any workflow on this machine hold them. Call before importing torch.

    Returns:
        The names put into `CUDA_VISIBLE_DEVICES`; empty on a machine without a GPU.
    """
    if is_helper():
        return visible_gpus()
    folder = folder or Path(tempfile.gettempdir()) / "sed_gpu_locks"
    # Slurm gives each job its own GPUs and may call them all 0, so only its jobs' parts contend.
    folder /= os.environ.get("SLURM_JOB_ID", "")
    gpus = visible_gpus()
    wanted = min(count, len(gpus))
    _shared(folder)
    told = False
    while True:
        claimed = _try_claim(gpus, wanted, folder)
        if len(claimed) == wanted:
            os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # the order nvidia-smi and NVML use
            os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(claimed)
            return claimed
        if not told:
            held = f"waiting: other jobs hold the GPUs {', '.join(gpus)} (see {folder})"
            print(held, file=sys.stderr, flush=True)
            told = True
        time.sleep(POLL_SECONDS)


def _try_claim(gpus: list[str], wanted: int, folder: Path) -> list[str]:
    claimed: list[str] = []
    streams: list[TextIO] = []
    for gpu in gpus:
        if len(claimed) == wanted:
            break
        name = gpu.replace("/", "_")
        path = folder / f"gpu-{name}.lock"
        stream = path.open("a+", encoding="utf-8")
        _open_to_all(path, 0o666)
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stream.close()
            continue
        stream.seek(0)
        stream.truncate()
        stream.write(f"{os.getpid()}\n")  # so that a person can see who holds it
        stream.flush()
        claimed.append(gpu)
        streams.append(stream)
    if len(claimed) < wanted:
        for held in streams:
            held.close()
        return []
    _held.extend(streams)
    return claimed


def _shared(folder: Path) -> None:
    """Make the folder of locks, for every user of the machine whatever this one's umask."""
    for place in (folder.parent, folder):
        if not place.is_dir():
            place.mkdir(exist_ok=True)
            _open_to_all(place, 0o777)


def _open_to_all(path: Path, mode: int) -> None:
    with contextlib.suppress(PermissionError):  # another user's, who has done it
        path.chmod(mode)


def is_helper() -> bool:
    """Whether Lightning started this process for another device of a job, which holds the GPUs."""
    return "LOCAL_RANK" in os.environ


def torch_devices() -> int:
    """How many devices torch computes on: the claimed GPUs, or 1 for the CPU."""
    import torch

    return max(1, torch.cuda.device_count())


def torch_device(name: str = "auto") -> "torch.device":
    """`auto` is the claimed GPU if there is one, else the CPU; or any name that torch knows."""
    import torch

    if name != "auto":
        return torch.device(name)
    return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")


def prepare(*, gpus: int, threads: int) -> None:
    """What every training or prediction script does first: claim GPUs, set threads, keep memory.

    Raises:
        SedError: a GPU is there, but torch cannot compute on it, which would go unnoticed for days.
    """
    keep_freed_memory()
    named = "CUDA_VISIBLE_DEVICES" in os.environ
    claimed = claim_gpus(gpus)
    if gpus == 0:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import torch

    present = _installed_gpus() or Path("/dev/nvidia0").exists()
    unasked = gpus > 0 and (claimed or not named)
    if unasked and present and not torch.cuda.is_available():
        raise SedError(
            f"there is a GPU, but torch {torch.__version__} cannot use it: its driver is too old "
            f"for CUDA {torch.version.cuda} or broken (nvidia-smi tells), or this torch was built "
            "without CUDA; mend that, or set compute.gpus to 0 to compute on the CPU."
        )
    torch.set_num_threads(threads)
