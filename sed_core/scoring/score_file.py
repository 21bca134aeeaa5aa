"""Frame scores of a split in one HDF5 file, written clip by clip; `score_layout` says how.

The workflow writes float32 posteriors before any post-processing, and an attribute `format`.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sed_core.runtime.errors import SedError
from sed_core.runtime.files import atomic
from sed_core.scoring.frames import FrameScores, blocks, empty, fill
from sed_core.scoring.score_layout import open_scores

NETWORKS = ("student", "teacher")
FORMAT = 1
FalseAlarms = dict[str, dict[str, dict[str, Any]]]
"""By network and signal, see `inference.noise`."""
_BLOCK = 1 << 22  # scores read at a time


@dataclass(frozen=True)
class Posteriors:
    """Scores of one network: `strong` (N, T, C) per frame, `weak` (N, C) per clip."""

    strong: NDArray[np.float32]
    weak: NDArray[np.float32]


def masked(strong: NDArray, weak: NDArray) -> NDArray:
    """No frame (..., T, C) scores higher than its clip (..., C) does.

    At any threshold the clip's decision then masks those of its frames. A median filter may follow
    or come before: it commutes with the smaller of a score and a constant.
    """
    return np.minimum(strong, weak[..., None, :])


@dataclass(frozen=True)
class Scores:
    """Scores of all networks on the N clips of a split, in the order of `filenames`."""

    filenames: list[str]
    classes: list[str]
    frame_seconds: float
    n_frames: NDArray[np.int32]
    networks: dict[str, Posteriors]

    def take(self, classes: Sequence[str]) -> "Scores":
        """The given classes in the given order."""
        order = [self.classes.index(name) for name in classes]
        networks = {
            name: Posteriors(net.strong[:, :, order], net.weak[:, order])
            for name, net in self.networks.items()
        }
        return replace(self, classes=list(classes), networks=networks)

    def select(self, filenames: Sequence[str]) -> "Scores":
        """The scores of the given clips in the given order."""
        position = {name: index for index, name in enumerate(self.filenames)}
        rows = np.array([position[name] for name in filenames], np.int64)
        networks = {
            name: Posteriors(net.strong[rows], net.weak[rows])
            for name, net in self.networks.items()
        }
        return replace(
            self, filenames=list(filenames), n_frames=self.n_frames[rows], networks=networks
        )


class ScoreWriter:
    """Fills the rows of a score file; made by `score_writer`."""

    def __init__(self, file: h5py.File, networks: Sequence[str], n_clips: int):
        self._file = file
        self._written = {name: np.zeros(n_clips, bool) for name in networks}

    def put(self, network: str, rows: slice, strong: NDArray, weak: NDArray) -> None:
        """Write a batch: `strong` (B, T', C) with T' <= T (the rest stays 0), `weak` (B, C)."""
        self._file[network]["strong"][rows, : strong.shape[1]] = strong
        self._file[network]["weak"][rows] = weak
        self._written[network][rows] = True

    def put_frames(
        self, network: str, row: int, first: int, strong: NDArray, weak: NDArray | None
    ) -> None:
        """Write frames of one clip from `first` on, `strong` (T', C); the last ones with `weak`."""
        self._file[network]["strong"][row, first : first + len(strong)] = strong
        if weak is not None:
            self._file[network]["weak"][row] = weak
            self._written[network][row] = True

    def put_false_alarms(self, found: FalseAlarms) -> None:
        """Keep what was heard where nothing is."""
        self._file.attrs["false_alarms"] = json.dumps(found, ensure_ascii=False)

    def check(self) -> None:
        """Raise ValueError if a row of any network was never written."""
        for network, written in self._written.items():
            if not written.all():
                raise ValueError(f"{network}: no scores put for row {np.argmin(written)}")


@contextmanager
def score_writer(
    path: str | Path,
    *,
    filenames: Sequence[str],
    classes: Sequence[str],
    n_frames: Sequence[int] | NDArray,
    frame_seconds: float,
    networks: Sequence[str] = NETWORKS,
) -> Iterator[ScoreWriter]:
    """Create a score file for the given clips; it appears under its name only when complete.

    Memory is that of the batches put. `n_frames` are the valid frames of each clip; the time axis
    is as long as the longest.
    """
    lengths = np.asarray(n_frames, np.int32)
    shape = (len(filenames), int(lengths.max(initial=0)), len(classes))
    with atomic(path) as draft, h5py.File(draft, "w") as file:
        file.create_dataset("filenames", data=list(filenames), dtype=h5py.string_dtype())
        file.create_dataset("n_frames", data=lengths)
        file.attrs["classes"] = json.dumps(list(classes), ensure_ascii=False)
        file.attrs["frame_seconds"] = frame_seconds
        file.attrs["format"] = FORMAT
        for name in networks:
            file.create_dataset(f"{name}/strong", shape, np.float32)
            file.create_dataset(f"{name}/weak", (shape[0], shape[2]), np.float32)
        writer = ScoreWriter(file, networks, len(filenames))
        yield writer
        writer.check()


def write_scores(path: str | Path, scores: Scores) -> None:
    """Write scores that are in memory."""
    with score_writer(
        path,
        filenames=scores.filenames,
        classes=scores.classes,
        n_frames=scores.n_frames,
        frame_seconds=scores.frame_seconds,
        networks=list(scores.networks),
    ) as writer:
        for name, net in scores.networks.items():
            writer.put(name, slice(0, len(scores.filenames)), net.strong, net.weak)


def read_scores(path: str | Path, networks: Sequence[str] | None = None) -> Scores:
    """Read a score file into memory, padded (7.3 MB per network for 1,168 clips of DESED).

    Args:
        path: the file.
        networks: the networks wanted; None for all in the file.

    Raises:
        SedError: absent, not a score file, without `weak`, or a score is not a number.
    """
    with open_scores(path, networks) as file:
        scores = Scores(
            filenames=file.filenames,
            classes=file.classes,
            frame_seconds=file.frame_seconds,
            n_frames=file.n_frames.astype(np.int32),
            networks={
                name: Posteriors(group["strong"][:], _weak(group, f"{path}, {name}")[:])
                for name, group in file.networks.items()
            },
        )
    for name, net in scores.networks.items():
        refuse_nan(net, scores.filenames, f"{path}, {name}")
    return scores


def _weak(group: h5py.Group, source: str) -> h5py.Dataset:
    if "weak" not in group:
        raise SedError(f"{source}: `weak`, the scores of whole clips, is missing.")
    return group["weak"]


def read_false_alarms(path: str | Path, network: str) -> dict[str, dict[str, Any]]:
    """What a network of a score file hears where nothing is; empty where nobody asked it."""
    with h5py.File(path, "r") as file:
        found: FalseAlarms = json.loads(file.attrs.get("false_alarms", "{}"))
    return found.get(network, {})


def read_frames(path: str | Path, *, weak_mask: bool = False) -> Iterator[tuple[str, FrameScores]]:
    """Read the frame scores of a file, one network after the other, none padded.

    float64 stays float64; all else becomes float32.

    Args:
        path: the file.
        weak_mask: see `masked`.

    Raises:
        SedError: absent, not a score file, without the scores of clips that are to mask, or a score
            of a clip's frames is not a number.
    """
    with open_scores(path) as file:
        names = list(file.networks)
    for name in names:
        yield name, _read_network(path, name, weak_mask=weak_mask)


def _read_network(path: str | Path, name: str, *, weak_mask: bool) -> FrameScores:
    with open_scores(path, [name]) as file:
        strong = file.networks[name]["strong"]
        dtype = np.dtype(np.float64 if strong.dtype.itemsize > 4 else np.float32)
        grid = (file.n_frames, file.frame_seconds)
        scores = empty(file.filenames, file.classes, *grid, dtype)
        for rows in blocks(file.n_frames, len(file.classes), _BLOCK):
            longest = int(file.n_frames[rows].max(initial=0))
            frames = strong[rows, :longest].astype(dtype, copy=False)
            if weak_mask:
                frames = masked(frames, _weak(file.networks[name], f"{path}, {name}")[rows])
            fill(scores, rows.start, frames.astype(dtype, copy=False))
    scores.refuse_nan(f"{path}, {name}")
    return scores


def refuse_nan(scores: Posteriors, filenames: Sequence[str], source: str) -> None:
    """Raise SedError that names the first clip with a score that is not a finite number."""
    bad = ~(np.isfinite(scores.strong).all((1, 2)) & np.isfinite(scores.weak).all(1))
    if bad.any():
        raise SedError(
            f"{source}: the scores of {filenames[int(np.argmax(bad))]} are not all finite numbers "
            f"({int(bad.sum())} such clips); look for NaN in the model or its input."
        )
