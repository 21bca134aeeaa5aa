"""Reading torch files of foreign origin without running anything that they name, into networks."""

import pickle
import pickletools
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, TypeVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from sed_core.runtime.errors import SedError

Network = TypeVar("Network", bound=nn.Module)

HARMLESS = ("argparse", "desed_task", "lightning", "numpy", "pathlib", "pytorch_lightning")
"""Packages whose objects occur in honest checkpoints (paths, scores, callbacks): see `StandIn`."""
PROTOCOLS = (b"\x02", b"\x03", b"\x04", b"\x05")  # of pickles
LONGEST = 160  # letters of a reason that are shown
LEGACY_PICKLES = 4
"""A file of torch < 1.6 starts with pickles of magic number, protocol, system and content."""


class StandIn:
    """Takes the place of an object that is neither tensor nor plain data, and does nothing."""

    def __new__(cls, *arguments: Any) -> "StandIn":
        """Ignore the arguments."""
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        """Ignore the state."""


def safe_load(path: str | Path, *, wanted: str = "a file of networks, such as a model.pt") -> Any:
    """Content of a `torch.save` file (zip or legacy), on the CPU.

    `torch.load(weights_only=True)` builds tensors and plain containers only; objects of `HARMLESS`
    packages become `StandIn`s (their code is neither imported nor called), dictionaries of
    Lightning plain ones.

    Memory: what the file has on disk. Sizes that it merely declares are not believed.

    Args:
        path: the file.
        wanted: what to give instead of one that torch has not written, for the message.

    Raises:
        SedError: no such file, not a torch file, a damaged one, one that names any other code, or
            one that declares more than it holds.
    """
    file = Path(path)
    if not file.is_file():
        raise SedError(f"{path} does not exist; give the path of a checkpoint file.")
    if not _begins_like_torch(file):
        raise SedError(
            f"{path} is no checkpoint: it is neither a zip archive nor a pickle, as torch writes "
            f"them; give {wanted}."
        )
    try:
        _refuse_compressed(file)
        replacements = [_replacement(name) for name in sorted(_harmless_names(file))]
        with torch.serialization.safe_globals(replacements):
            content = torch.load(path, map_location="cpu", weights_only=True)
        _refuse_inflated(file, content)
        return content
    except SedError:
        raise
    except pickle.UnpicklingError as error:
        raise SedError(
            f"{path} is refused, and none of its code was run: it is not a checkpoint of tensors "
            f"and plain data only ({reason(error)}); get the file from its authors again."
        ) from error
    except Exception as error:  # a damaged or hostile file may cause any, MemoryError included
        raise SedError(
            f"{path} is not a readable torch checkpoint ({reason(error)}); get the file again."
        ) from error


def _begins_like_torch(path: Path) -> bool:
    """A zip archive, or a pickle of protocol 2 or later as torch < 1.6 wrote them."""
    with path.open("rb") as stream:
        start = stream.read(4)
    return start == b"PK\x03\x04" or (start[:1] == b"\x80" and start[1:2] in PROTOCOLS)


def _refuse_compressed(path: Path) -> None:
    """torch compresses nothing; a few bytes that unfold to gigabytes are meant to do harm."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        declared = sum(entry.file_size for entry in archive.infolist())
    if declared > path.stat().st_size:
        raise SedError(_more_than_it_holds(path, f"{declared} bytes"))


def _refuse_inflated(path: Path, content: Any) -> None:
    """A tensor may repeat one number 10**12 times; the first copy of it would fill the memory."""
    waiting: list[Any] = [content]
    seen: set[int] = set()
    while waiting:  # no recursion: containers may be nested without end
        value = waiting.pop()
        if isinstance(value, torch.Tensor):
            honest = value.layout is torch.strided and value.device.type == "cpu"
            if not honest or value.nbytes > value.untyped_storage().nbytes():
                raise SedError(_more_than_it_holds(path, f"a tensor of {tuple(value.shape)}"))
        elif isinstance(value, (dict, list, tuple)) and id(value) not in seen:
            seen.add(id(value))
            waiting.extend(value.values() if isinstance(value, dict) else value)


def _more_than_it_holds(path: Path, what: str) -> str:
    return f"{path} is refused: it declares {what}, more than it holds; get the file again."


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


def reason(error: Exception) -> str:
    """The one line of a long message that says what is wrong, without bytes of the file."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if "GLOBAL" in line or "nsupported" in line]
    line = (telling or lines or [type(error).__name__])[0].split(". ")[0].rstrip(".")
    line = re.sub(r"""b'.*'|b".*\"""", "…", line)
    readable = "".join(letter if letter.isprintable() else "…" for letter in line)
    return readable if len(readable) <= LONGEST else f"{readable[:LONGEST]}…"


class SkipInit(TorchFunctionMode):
    """Leaves weights that are about to be loaded as they lie in memory, instead of drawing them."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Of `torch.nn.init` return the tensor; call everything else."""
        named = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else named["tensor"]
        return func(*args, **named)


def load_strictly(build: Callable[[], Network], state: Mapping[str, Tensor], what: str) -> Network:
    """A network with these tensors; nothing is allocated before names and shapes are right.

    Raises:
        SedError: they are not, or what `build` was told makes no network.
    """
    try:
        with torch.device("meta"), SkipInit():
            wanted = build().state_dict()
        if wrong := sorted(wanted.keys() ^ state.keys()):
            key = wrong[0]
            raise SedError(
                f"{what} is not the network that it is read as: '{key}' is "
                f"{'missing' if key in wanted else 'not one of its tensors'}; get the file again."
            )
        for key, tensor in state.items():
            if tensor.shape != wanted[key].shape:
                raise SedError(
                    f"{what} does not fit together: '{key}' has the shape {tuple(tensor.shape)} "
                    f"instead of {tuple(wanted[key].shape)}; get the file again."
                )
        with SkipInit():
            network = build()
        network.load_state_dict(dict(state))
        return network
    except SedError:
        raise
    except Exception as error:  # a foreign configuration may cause any
        raise SedError(f"{what} cannot be built ({reason(error)}); get the file again.") from error
