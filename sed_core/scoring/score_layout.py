"""The layout of score files in HDF5: what must be there, and one sentence for what is not.

At the root `filenames` (N), `n_frames` (N), and attributes `classes` (JSON list of C names) and
`frame_seconds`; for each network a group, by any name, with `strong` (N, T, C) in floating point
and, where it is wanted, `weak` (N, C).
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sed_core.runtime.errors import SedError

_PACKED = 1100  # how many times smaller compression can make an array of one number


@dataclass(frozen=True)
class OpenScores:
    """A score file that is open and has the right form.

    Attributes:
        filenames: (N,) clips, each once.
        classes: (C,) names.
        frame_seconds: length of a frame.
        n_frames: (N,) int64, frames of each clip.
        networks: the groups by name.
    """

    filenames: list[str]
    classes: list[str]
    frame_seconds: float
    n_frames: NDArray[np.int64]
    networks: dict[str, h5py.Group]


@contextmanager
def open_scores(path: str | Path, networks: Sequence[str] | None = None) -> Iterator[OpenScores]:
    """Open a score file and check all but the scores themselves.

    Args:
        path: the file.
        networks: the networks wanted; None for all in the file.

    Raises:
        SedError: absent, not HDF5, damaged (also while scores are read), or of another form.
    """
    if not Path(path).is_file():
        raise SedError(f"{path} does not exist; run the prediction that makes it first.")
    try:
        with h5py.File(path, "r") as file:
            yield _checked(file, str(path), networks)
    except _DAMAGE as error:
        raise SedError(
            f"{path} is not a whole score file ({_brief(error)}); delete it and predict again."
        ) from error


# What h5py raises for bytes that are not what they should be; a size that damage has made
# gigantic ends in the last one.
_DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, MemoryError)


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _checked(file: h5py.File, source: str, wanted: Sequence[str] | None) -> OpenScores:
    filenames = _filenames(file, source)
    classes = _classes(file, source)
    count = _array(file, "n_frames", source)
    if count.shape != (len(filenames),) or count.dtype.kind not in "iu":
        _refuse(source, "n_frames", count, f"one whole number for each of {len(filenames)} clips")
    n_frames = count[:].astype(np.int64)
    if (n_frames < 0).any():
        raise SedError(f"{source}: n_frames of {filenames[n_frames.argmin()]} is {n_frames.min()}.")
    groups = {name: item for name, item in file.items() if isinstance(item, h5py.Group)}
    names = list(groups) if wanted is None else list(wanted)
    lacking = [name for name in names if name not in groups]
    if lacking or not names:
        there = f"only {', '.join(groups)}" if groups else "and no other group either"
        raise SedError(
            f"{source} has no network {', '.join(lacking)}{'' if lacking else 'at all'}, {there}; "
            "expected a group with an array `strong` for each network."
        )
    for name in names:
        _check_network(groups[name], f"{source}, {name}", filenames, classes, n_frames)
    return OpenScores(
        filenames=filenames,
        classes=classes,
        frame_seconds=_frame_seconds(file, source),
        n_frames=n_frames,
        networks={name: groups[name] for name in names},
    )


def _filenames(file: h5py.File, source: str) -> list[str]:
    data = _array(file, "filenames", source)
    if data.ndim != 1 or h5py.check_string_dtype(data.dtype) is None:
        _refuse(source, "filenames", data, "one line of text for each clip")
    names: list[str] = data.asstr()[:].tolist()
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SedError(f"{source}: the clip {twice} is there twice; keep the scores of one.")
    return names


def _classes(file: h5py.File, source: str) -> list[str]:
    try:
        classes = json.loads(file.attrs["classes"])
    except (KeyError, TypeError, ValueError):
        classes = None
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise SedError(f"{source}: the attribute `classes` must be a JSON list of class names.")
    if len(set(classes)) < len(classes) or not classes:
        raise SedError(f"{source}: the attribute `classes` must name one class or more, each once.")
    return classes


def _frame_seconds(file: h5py.File, source: str) -> float:
    value = file.attrs.get("frame_seconds")
    if not isinstance(value, int | float | np.number) or not 0 < float(value) < np.inf:
        raise SedError(
            f"{source}: the attribute `frame_seconds` is {value!r}; expected seconds above 0."
        )
    return float(value)


def _check_network(
    group: h5py.Group,
    source: str,
    filenames: list[str],
    classes: list[str],
    n_frames: NDArray[np.int64],
) -> None:
    strong = _array(group, "strong", source)
    form = f"floating point, {len(filenames)} clips x frames x {len(classes)} classes"
    right = strong.ndim == 3 and strong.shape[::2] == (len(filenames), len(classes))
    if strong.dtype.kind != "f" or not right:
        _refuse(source, "strong", strong, form)
    needed = int(n_frames.sum()) * len(classes) * strong.dtype.itemsize
    if needed > _PACKED * strong.id.get_storage_size():
        raise SedError(
            f"{source}: `strong` would take {needed / 1e9:.3g} GB, but holds "
            f"{strong.id.get_storage_size()} bytes; it was never written, or is damaged."
        )
    if n_frames.max(initial=0) > strong.shape[1]:
        clip = int(n_frames.argmax())
        raise SedError(
            f"{source}: n_frames of {filenames[clip]} is {n_frames[clip]}, but `strong` has "
            f"{strong.shape[1]} frames; write as many as the longest clip has."
        )
    if "weak" in group:
        weak = _array(group, "weak", source)
        if weak.dtype.kind != "f" or weak.shape != (len(filenames), len(classes)):
            form = f"floating point, {len(filenames)} clips x {len(classes)} classes"
            _refuse(source, "weak", weak, form)


def _array(group: h5py.Group, name: str, source: str) -> h5py.Dataset:
    item: Any = group.get(name)
    if not isinstance(item, h5py.Dataset):
        what = "is a group" if isinstance(item, h5py.Group) else "is missing"
        raise SedError(f"{source}: `{name}` {what}; expected an array.")
    return item


def _refuse(source: str, name: str, data: h5py.Dataset, expected: str) -> None:
    raise SedError(
        f"{source}: `{name}` is {data.dtype} with shape {data.shape}; expected {expected}."
    )
