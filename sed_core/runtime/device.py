"""One job per GPU, and threads that match what the job was given.

Snakemake counts GPUs but does not pick one, so two jobs on a two-GPU host would both take the
first. Each job takes a lock file per GPU instead; the lock goes when the process goes, however
it dies. The files are shared by all users of the machine, so they are never written to, and a link
that somebody put in their place is not followed.
"""

import contextlib
import fcntl
import os
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sed_core.runtime.errors import SedError
from sed_core.runtime.memory import keep_freed_memory

if TYPE_CHECKING:
    import torch

_held: list[int] = []
POLL_SECONDS = 2.0
STICKY = 0o1777
"""All may add files to the folder of locks, and nobody takes another's away."""


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

    Raises:
        SedError: what lies in the place of the locks is none of ours.
    """
    if is_helper():
        return visible_gpus()
    folder = folder or Path(tempfile.gettempdir()) / "sed_gpu_locks"
    gpus = visible_gpus()
    wanted = min(count, len(gpus))
    _shared(folder)
    if job := os.environ.get("SLURM_JOB_ID"):
        # Slurm gives each job GPUs of its own and may call them all 0: only parts of it contend.
        folder /= job
        _shared(folder)
    told = False
    while True:
        claimed = _try_claim(gpus, wanted, folder)
        if len(claimed) == wanted:
            os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # the order nvidia-smi and NVML use
            os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(claimed)
            return claimed
        if not told:
            held = f"waiting: other jobs hold the GPUs {', '.join(gpus)} (lslocks tells which)"
            print(held, file=sys.stderr, flush=True)
            told = True
        time.sleep(POLL_SECONDS)


def _try_claim(gpus: list[str], wanted: int, folder: Path) -> list[str]:
    claimed: list[str] = []
    opened: list[int] = []
    for gpu in gpus:
        if len(claimed) == wanted:
            break
        name = gpu.replace("/", "_")
        lock = _opened(folder / f"gpu-{name}.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        claimed.append(gpu)
        opened.append(lock)
    if len(claimed) < wanted:
        for lock in opened:
            os.close(lock)
        return []
    _held.extend(opened)
    return claimed


def _opened(path: Path) -> int:
    """A descriptor of the lock file, which is made if need be; reading is enough to lock it."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        try:  # first: the kernel may refuse O_CREAT for a file of somebody else in /tmp
            lock = os.open(path, flags)
        except FileNotFoundError:
            lock = os.open(path, flags | os.O_CREAT, 0o666)
            with contextlib.suppress(PermissionError):  # somebody else was faster
                os.fchmod(lock, 0o666)  # whatever the umask
    except OSError as error:
        raise _not_ours(path) from error
    if not stat.S_ISREG(os.fstat(lock).st_mode):
        os.close(lock)
        raise _not_ours(path)
    return lock


def _shared(folder: Path) -> None:
    """Make a folder of locks, for every user of the machine whatever this one's umask."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
        folder.chmod(STICKY)
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise _not_ours(folder)


def _not_ours(path: Path) -> SedError:
    return SedError(
        f"{path} should be a lock of a GPU and is something else, or not readable; remove it, or "
        "set TMPDIR to a folder of your own."
    )


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
