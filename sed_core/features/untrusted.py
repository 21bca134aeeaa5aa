"""Reading torch files of foreign origin without running anything that they name."""

import pickle
import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import torch

from sed_core.runtime.errors import SedError

HARMLESS = ("argparse", "desed_task", "lightning", "numpy", "pathlib", "pytorch_lightning")
"""Packages whose objects occur in honest checkpoints (paths, scores, callbacks): see `StandIn`."""
LEGACY_PICKLES = 4
"""A file of torch < 1.6 starts with pickles of magic number, protocol, system and content."""


class StandIn:
    """Takes the place of an object that is neither tensor nor plain data, and does nothing."""

    def __new__(cls, *arguments: Any) -> "StandIn":
        """Ignore the arguments."""
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        """Ignore the state."""


def read_untrusted(path: str | Path) -> Any:
    """Content of a `torch.save` file (zip or legacy), on the CPU.

    `torch.load(weights_only=True)` builds tensors and plain containers only; objects of `HARMLESS`
    packages become `StandIn`s (their code is neither imported nor called), dictionaries of
    Lightning plain ones.

    Raises:
        SedError: no such file, not a torch file, or a file that names any other code.
    """
    if not Path(path).is_file():
        raise SedError(f"{path} does not exist; give the path of a checkpoint file.")
    try:
        replacements = [_replacement(name) for name in sorted(_harmless_names(Path(path)))]
        with torch.serialization.safe_globals(replacements):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise SedError(
            f"{path} is refused, and none of its code was run: it is not a checkpoint of tensors "
            f"and plain data only ({_reason(error)}); get the file from its authors again."
        ) from error
    except (RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise SedError(
            f"{path} is not a readable torch checkpoint ({_reason(error)}); get the file again."
        ) from error


def _replacement(name: str) -> Any:
    # torch only fills mappings of the exact type `dict`.
    stand_in = dict if name.endswith(".AttributeDict") else type(name, (StandIn,), {})
    return stand_in, name


def _harmless_names(path: Path) -> set[str]:
    """Full names of the `HARMLESS` classes and functions to which the file's pickles refer."""
    names: set[str] = set()
    for stream in _pickles(path):
        for operation, argument, _ in pickletools.genops(stream):
            if operation.name == "GLOBAL":
                module, name = str(argument).split(" ", 1)
                if module.split(".")[0] in HARMLESS:
                    names.add(f"{module}.{name}")
    return names


def _pickles(path: Path) -> Iterator[IO[bytes]]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith("/data.pkl"):
                    with archive.open(name) as stream:
                        yield stream
    else:
        with path.open("rb") as stream:
            for _ in range(LEGACY_PICKLES):
                yield stream


def _reason(error: Exception) -> str:
    """The one line of torch's long message that says what is wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if "GLOBAL" in line or "nsupported" in line]
    line = (telling or lines or [type(error).__name__])[0]
    return line.split(". ")[0].rstrip(".")
