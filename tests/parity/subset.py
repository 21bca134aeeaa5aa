"""Arrays of the reference data, the large ones as a sample and sums over the whole; comparing."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LIMIT, KEPT = 8192, 2048  # elements: of an array that is kept whole, of a larger one's sample
MARK = "#"  # of the parts of a sample: <name>#shape, <name>#values, <name>#norm, <name>#sums<axis>


@dataclass(frozen=True)
class Sample:
    """What is kept of a large array.

    `values` are the elements at `positions`, `sums` one array an axis (over all other axes) and
    `norm` the root of the sum of squares over the whole, both of them in float64.
    """

    shape: tuple[int, ...]
    values: np.ndarray
    sums: tuple[np.ndarray, ...]
    norm: float

    @classmethod
    def of(cls, array: np.ndarray) -> "Sample":
        wide, axes = array.astype(np.float64), range(array.ndim)
        sums = tuple(wide.sum(axis=tuple(a for a in axes if a != axis)) for axis in axes)
        values = array.ravel()[positions(array.size)]
        return cls(array.shape, values, sums, float(np.linalg.norm(wide)))

    def parts(self) -> dict[str, np.ndarray]:
        sums = {f"sums{axis}": value for axis, value in enumerate(self.sums)}
        return {"shape": np.array(self.shape), "values": self.values, **sums, "norm": self.norm}

    def __len__(self) -> int:
        return self.shape[0]


def positions(size: int) -> np.ndarray:
    """Where the flattened array is read: in steps of the golden ratio, even and along no axis."""
    return np.unique((np.arange(KEPT) * 0.6180339887498949 % 1 * size).astype(np.int64))


def largest(ours: np.ndarray, theirs: np.ndarray | Sample) -> float:
    """Largest absolute error; of a sample also that of the means along each axis, never larger."""
    ours = np.asarray(ours)
    assert ours.shape == theirs.shape
    if not isinstance(theirs, Sample):
        return float(np.abs(ours - theirs).max())
    mine = Sample.of(ours)
    pairs = zip(mine.sums, theirs.sums, strict=True)
    means = [np.abs(a - b).max() * len(a) / ours.size for a, b in pairs]
    return float(max(np.abs(mine.values - theirs.values).max(), *means))


def relative(ours: np.ndarray, theirs: np.ndarray | Sample) -> float:
    """L2 norm of the error over that of the reference.

    Of a sample the largest of: the sample's own, the difference of the norms, and what the sums
    along each axis imply (Cauchy-Schwarz). The last two never exceed that of the whole.
    """
    ours = np.asarray(ours)
    assert ours.shape == theirs.shape
    if not isinstance(theirs, Sample):
        return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))
    mine = Sample.of(ours)
    pairs = zip(mine.sums, theirs.sums, strict=True)
    implied = [np.linalg.norm(a - b) * np.sqrt(len(a) / ours.size) for a, b in pairs]
    whole = max(abs(mine.norm - theirs.norm), *implied) / theirs.norm
    return float(max(whole, relative(mine.values, theirs.values)))


class Arrays(Mapping):
    """The arrays of an .npz file by name; a large one may be a `Sample`.

    `read` has the names that somebody asked for.
    """

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            self.stored = dict(file)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> np.ndarray | Sample:
        self.read.add(name)
        if name in self.stored:
            return self.stored[name]
        shape = tuple(self.stored[f"{name}{MARK}shape"].tolist())
        sums = tuple(self.stored[f"{name}{MARK}sums{axis}"] for axis in range(len(shape)))
        values, norm = self.stored[f"{name}{MARK}values"], self.stored[f"{name}{MARK}norm"]
        return Sample(shape, values, sums, float(norm))

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.partition(MARK)[0] for name in self.stored))

    def __len__(self) -> int:
        return len(list(iter(self)))


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """An .npz file with stronger compression than numpy's, the same bytes each time."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            stream = io.BytesIO()
            np.save(stream, array, allow_pickle=False)
            member = zipfile.ZipInfo(f"{name}.npy")  # with a fixed date
            archive.writestr(member, stream.getvalue(), zipfile.ZIP_LZMA)
