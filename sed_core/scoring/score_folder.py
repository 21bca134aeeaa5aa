"""Score folders of sed_scores_eval: one TSV per clip, with onset, offset and a column per class.

Tests hold reading and writing to its own functions, which need a compiler to be installed; figures
must not depend on whether there is one. These read in a quarter of the time, and to the nearest
float64, where pandas leaves every third number in the last place and so makes or breaks ties; they
write in a quarter of the time, and two thirds of the bytes (`benchmarks/score_folder.py`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sed_core.data.parallel import available_cores, ordered_map
from sed_core.data.tsv import numbers, read_table
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import atomic
from sed_core.scoring.decode import frame_times
from sed_core.scoring.fast_tables import header, read_numbers
from sed_core.scoring.frames import FrameScores, first_slots

_TIMES = ["onset", "offset"]
_TOLERANCE = 1e-4  # s, by which the end of a frame and the start of the next may be apart
_BATCH = 64  # files that are read together


def read_score_folder(
    folder: str | Path, filenames: Sequence[str], *, jobs: int | None = None
) -> FrameScores:
    """Read a folder of `<clip>.tsv` as the scores of one network.

    Frames follow each other and may have any lengths; times and scores are the float64 numbers
    nearest to what is written.

    Args:
        folder: with one TSV per clip; the clip is the file name without `.tsv`.
        filenames: names of the clips with their endings, such as `a.wav`.
        jobs: processes that read; None: one per core for many files, else one.

    Raises:
        SedError: no tables, a clip that is not in `filenames` or is ambiguous, tables that differ
            in columns, gaps between frames, a score that is not a number.
    """
    paths = sorted(Path(folder).glob("*.tsv"))
    if not paths:
        raise SedError(f"{folder} holds no TSV files; expected one per clip.")
    names = _clip_names(paths, filenames)
    first = header(paths[0])
    if first[:2] != _TIMES or len(first) < 3:
        raise SedError(
            f"{paths[0]}: the columns are {', '.join(first)}; expected onset, offset and one for "
            "each class, so move other tables elsewhere."
        )
    batches = [
        _Batch(paths[at : at + _BATCH], first, paths[0].name) for at in range(0, len(paths), _BATCH)
    ]
    if jobs is None:
        jobs = min(available_cores(), max(1, len(batches) // 4))
    tables = ordered_map(_read_batch, batches, jobs=jobs)
    scores = _joined(tables, names, first[2:])
    scores.refuse_nan(str(folder))
    return scores


@contextmanager
def score_table(
    folder: str | Path, filename: str, classes: Sequence[str], frame_seconds: float
) -> Iterator[Callable[[NDArray[np.float32]], None]]:
    """Write the table of one recording while its scores come; it is there as a whole, or not.

    Args:
        folder: of the tables.
        filename: of the recording.
        classes: names of the scores.
        frame_seconds: length of a frame.

    Yields:
        What takes the next (n, C) scores.
    """
    frame = 0
    with (
        atomic(Path(folder) / f"{Path(filename).stem}.tsv") as draft,
        draft.open("w", encoding="utf-8", newline="\n") as stream,
    ):
        stream.write("\t".join([*_TIMES, *classes]) + "\n")

        def add(scores: NDArray[np.float32]) -> None:
            nonlocal frame
            grid = frame_times(np.arange(frame, frame + len(scores) + 1), frame_seconds)
            rows = np.column_stack([grid[:-1], grid[1:], scores])
            np.savetxt(stream, rows, fmt="%.9g", delimiter="\t")
            frame += len(scores)

        yield add


def _clip_names(paths: Sequence[Path], filenames: Sequence[str]) -> list[str]:
    """The clip of each table, by its name with or without the ending of the recording."""
    known: dict[str, list[str]] = {name: [name] for name in filenames}
    for name in filenames:
        same = known.setdefault(Path(name).stem, [])
        if name not in same:
            same.append(name)
    clips = []
    for path in paths:
        found = known.get(path.name.removesuffix(".tsv"), [])
        if len(found) > 1:
            raise SedError(
                f"{path} may be of {' or of '.join(found)}; name it {found[0]}.tsv, say, or "
                "score the two in two runs."
            )
        if not found:
            raise SedError(
                f"{path}: no clip of that name is in the ground truth; move what is no table of "
                "scores elsewhere."
            )
        clips.append(found[0])
    twice = (
        {clip for clip in clips if clips.count(clip) > 1} if len(set(clips)) < len(clips) else ()
    )
    if twice:
        raise SedError(f"{paths[0].parent} has two tables of {min(twice)}; keep one.")
    return clips


@dataclass(frozen=True)
class _Batch:
    """Tables to read, the columns of the first of all and its name."""

    paths: Sequence[Path]
    columns: list[str]
    first: str


_Tables = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]


def _read_batch(batch: _Batch) -> _Tables:
    """Frames of each clip (n,), times of the slots (S,), scores (C, S) with -inf in last slots."""
    classes = batch.columns[2:]
    counts, times, values = [], [], []
    for path, table in zip(batch.paths, read_numbers(batch.paths, batch.columns), strict=True):
        if (
            table is None
        ):  # columns in another order, blanks, mistakes: whatever needs a closer look
            table = _carefully(path, classes, batch.first)
        _check_frames(path, table)
        counts.append(len(table))
        times += [table[:, 0], table[-1:, 1]]
        values += [table[:, 2:], np.full((1, len(classes)), -np.inf)]
    return np.array(counts), np.concatenate(times), np.concatenate(values).T.copy()


def _carefully(path: Path, classes: list[str], first: str) -> NDArray[np.float64]:
    if sorted(header(path)) != sorted(_TIMES + classes):
        raise SedError(f"{path}: the columns differ from those of {first}.")
    table = read_table(path, [*_TIMES, *classes])
    return np.stack([numbers(table[name]) for name in table], axis=1)


def _check_frames(path: Path, table: NDArray[np.float64]) -> None:
    onset, offset = table[:, 0], table[:, 1]
    wrong = ~(offset > onset)  # NaN as well
    wrong[1:] |= ~(np.abs(onset[1:] - offset[:-1]) <= _TOLERANCE)
    if wrong.any():
        row = int(wrong.argmax())
        raise SedError(
            f"{path}, row {row + 2}: the frame goes from {onset[row]:g} to {offset[row]:g} s"
            + (f", that before it to {offset[row - 1]:g} s" if row else "")
            + "; expected frames that follow each other without gaps and end after they begin."
        )


def _joined(tables: Iterable[_Tables], names: list[str], classes: list[str]) -> FrameScores:
    """All batches end to end; what was read is let go class by class."""
    counts, times = [], []
    lines: list[list[NDArray[np.float64]]] = [[] for _ in classes]
    for count, time, values in tables:
        counts.append(count)
        times.append(time)
        for line, piece in zip(lines, values, strict=True):
            line.append(piece.copy())
    n_frames = np.concatenate(counts)
    whole = []
    while lines:
        whole.append(np.concatenate(lines.pop(0)))
    return FrameScores(
        filenames=names,
        classes=classes,
        n_frames=n_frames,
        first=first_slots(n_frames),
        time=np.concatenate(times),
        lines=list(whole),
    )
