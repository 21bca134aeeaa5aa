"""Score folders of sed_scores_eval: one TSV per clip, with onset, offset and a column per class."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sed_core.data.tsv import numbers, read_table
from sed_core.runtime.errors import SedError
from sed_core.scoring.decode import frame_times
from sed_core.scoring.score_file import Posteriors, Scores, refuse_nan

_TIMES = ["onset", "offset"]
_TOLERANCE = 1e-4  # s, by which a written frame border may be off


def read_score_folder(folder: str | Path, filenames: Sequence[str]) -> Scores:
    """Read a folder of `<clip>.tsv` as the scores of one network named `system`.

    Args:
        folder: with one TSV per clip; the clip is the file name without its ending.
        filenames: names of the clips with their endings, such as `a.wav`.

    Raises:
        SedError: no tables, a clip that is not in `filenames`, tables that differ in columns or
            frame length, gaps between frames, a score that is not a number.
    """
    paths = sorted(Path(folder).glob("*.tsv"))
    if not paths:
        raise SedError(f"{folder} holds no TSV files; expected one per clip.")
    known = {Path(name).stem: name for name in filenames}
    classes = header(paths[0])[2:]
    tables, names, frame_seconds = [], [], 0.0
    for path in paths:
        if path.stem not in known:
            raise SedError(f"{path}: no clip of that name is in the ground truth.")
        if sorted(header(path)) != sorted(_TIMES + classes):
            raise SedError(f"{path}: the columns differ from those of {paths[0].name}.")
        table = read_table(path, [*_TIMES, *classes])
        values = np.stack([numbers(table[name]) for name in table], axis=1)
        frame_seconds = frame_seconds or _frame_length(values)
        grid = frame_times(np.arange(len(values) + 1), frame_seconds)
        times = np.stack([grid[:-1], grid[1:]], axis=1)
        if not np.allclose(values[:, :2], times, rtol=0, atol=_TOLERANCE):
            raise SedError(
                f"{path}: frames do not follow each other in steps of {frame_seconds:g} s as in "
                f"{paths[0].name}; write scores on one frame grid."
            )
        tables.append(values[:, 2:].astype(np.float32))
        names.append(known[path.stem])
    return _stack(tables, names, classes, frame_seconds, str(folder))


def write_score_folder(folder: str | Path, scores: Scores, network: str) -> None:
    """Write the strong scores of a network in the form that sed_scores_eval reads."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    grid = frame_times(
        np.arange(scores.networks[network].strong.shape[1] + 1), scores.frame_seconds
    )
    top = "\t".join([*_TIMES, *scores.classes])
    strong = scores.networks[network].strong
    for name, frames, values in zip(scores.filenames, scores.n_frames, strong, strict=True):
        rows = np.column_stack([grid[:frames], grid[1 : frames + 1], values[:frames]])
        path = target / f"{Path(name).stem}.tsv"
        np.savetxt(path, rows, fmt="%.9g", delimiter="\t", header=top, comments="")


def header(path: Path) -> list[str]:
    """Column names of a TSV."""
    with path.open(encoding="utf-8-sig") as stream:
        return stream.readline().rstrip("\r\n").split("\t")


def _frame_length(values: NDArray[np.float64]) -> float:
    """Mean frame length, rounded to microseconds; the last frame may be cut at the clip end."""
    count = max(len(values) - 1, 1)
    return float(np.round((values[count - 1, 1] - values[0, 0]) / count, 6))


def _stack(
    tables: list[NDArray[np.float32]],
    names: list[str],
    classes: list[str],
    frame_seconds: float,
    source: str,
) -> Scores:
    n_frames = np.array([len(table) for table in tables], np.int32)
    strong = np.zeros((len(tables), n_frames.max(), len(classes)), np.float32)
    for row, table in zip(strong, tables, strict=True):
        row[: len(table)] = table
    net = Posteriors(strong, strong.max(1))
    refuse_nan(net, names, source)
    return Scores(names, classes, frame_seconds, n_frames, {"system": net})
