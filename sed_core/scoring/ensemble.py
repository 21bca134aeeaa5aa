"""Ensembles: the mean of several systems' frame scores."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sed_core.runtime.errors import SedError
from sed_core.scoring.frames import blocks
from sed_core.scoring.score_file import Posteriors, Scores, read_scores
from sed_core.scoring.score_layout import OpenScores, open_scores

_BLOCK = 1 << 22  # scores read at a time


def mean_scores(paths: Sequence[str | Path]) -> Scores:
    """Average the posteriors of several score files, network by network.

    Files are read one after the other, so memory is that of two.

    Raises:
        SedError: files of other clips, classes, networks or frames.
    """
    total = read_scores(paths[0])
    for path in paths[1:]:
        other = read_scores(path)
        _refuse_unlike(paths[0], total, path, other)
        total = replace(
            total,
            networks={
                name: Posteriors(
                    net.strong + other.networks[name].strong, net.weak + other.networks[name].weak
                )
                for name, net in total.networks.items()
            },
        )
    count = np.float32(len(paths))
    return replace(
        total,
        networks={
            name: Posteriors(net.strong / count, net.weak / count)
            for name, net in total.networks.items()
        },
    )


def mean_frames(
    paths: Sequence[str | Path], network: str
) -> Iterator[tuple[OpenScores, slice, NDArray[np.float64]]]:
    """Average one network's frame scores, some clips at a time, whatever the split holds.

    Args:
        paths: score files of the same clips.
        network: `student` or `teacher`.

    Yields:
        The first file, the rows of some of its clips, and the mean (clips, T, C), T frames of the
        longest of them.

    Raises:
        SedError: files of other clips, classes or frames, or a score that is no number.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(open_scores(path, [network])) for path in paths]
        for path, file in zip(paths[1:], files[1:], strict=True):
            _refuse_unlike(paths[0], files[0], path, file)
        n_frames = files[0].n_frames
        for rows in blocks(n_frames, len(files[0].classes), _BLOCK):
            longest = int(n_frames[rows].max(initial=0))
            total = np.zeros((rows.stop - rows.start, longest, len(files[0].classes)))
            for path, file in zip(paths, files, strict=True):
                frames = file.networks[network]["strong"][rows, :longest]
                bad = ~np.isfinite(frames).all((1, 2))
                if bad.any():
                    clip = file.filenames[rows.start + int(bad.argmax())]
                    raise SedError(
                        f"{path}, {network}: the scores of {clip} are not all finite numbers; look "
                        "for NaN in the model or its input."
                    )
                total += frames
            yield files[0], rows, total / len(files)


def _refuse_unlike(
    path: str | Path, one: Scores | OpenScores, other_path: str | Path, other: Scores | OpenScores
) -> None:
    for what in ("filenames", "classes", "frame_seconds"):
        if getattr(other, what) != getattr(one, what):
            raise SedError(f"{path} and {other_path} differ in {what}; average scores of a kind.")
    alike = other.networks.keys() == one.networks.keys()
    if not alike or not np.array_equal(other.n_frames, one.n_frames):
        raise SedError(f"{path} and {other_path} differ in networks or frames per clip.")
