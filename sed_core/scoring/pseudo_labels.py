"""Pseudo labels: what several networks hear in clips without labels, as labels that train.

The mean of their posteriors is sharpened, what is faint is dropped, and the rest becomes events
with a confidence, as soft labels of people do.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sed_core.data.annotations import SOFT_COLUMNS
from sed_core.data.soft_labels import runs
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import atomic
from sed_core.scoring.ensemble import mean_frames

NETWORK = "teacher"
"""The networks that label: averages over the training's steps, which vary less than students."""
STEPS = 20
"""A label is a multiple of 1 / STEPS, so that neighbouring frames mostly make one row."""
_INSIDE = 1e-6
"""Seconds that an event begins after its first frame does and ends before its last one does:
what is on a border could be rounded into the neighbouring frame."""


def soft_targets(
    posteriors: NDArray[np.float64], *, sharpen: float, floor: float
) -> NDArray[np.float64]:
    """Labels from posteriors: p^s / (p^s + (1 - p)^s), in steps, and 0 below the floor.

    That is the posterior with its logit times s, a temperature of 1 / s; 0.5 stays 0.5.

    Args:
        posteriors: from 0 to 1, of any shape.
        sharpen: s; 1 leaves them as they are, more moves them to 0 and 1.
        floor: labels below it are 0.

    Example:
        >>> soft_targets(np.array([0.02, 0.5, 0.8]), sharpen=2, floor=0.1).tolist()
        [0.0, 0.5, 0.95]
    """
    yes, no = posteriors**sharpen, (1 - posteriors) ** sharpen
    sharp = yes / (yes + no)
    return np.where(sharp < floor, 0, np.round(sharp * STEPS) / STEPS)


def write_pseudo_labels(
    scores: Sequence[str | Path], output: str | Path, *, sharpen: float, floor: float
) -> dict[str, int]:
    """Write filename, onset, offset (s), event_label, confidence of every clip with a label.

    Args:
        scores: score files of the same clips, one or more.
        output: TSV to write.
        sharpen, floor: see `soft_targets`.

    Returns:
        `clips`, how many there are; `labelled`, how many have a label; `rows`.

    Raises:
        SedError: the files do not fit together, a score is no number from 0 to 1, or nothing
            reaches the floor.
    """
    counts = {"clips": 0, "labelled": 0, "rows": 0}
    with atomic(output) as draft, draft.open("w", encoding="utf-8", newline="") as stream:
        stream.write("\t".join(SOFT_COLUMNS) + "\n")
        for file, rows, posteriors in mean_frames(scores, NETWORK):
            if posteriors.min(initial=0) < 0 or posteriors.max(initial=0) > 1:
                raise SedError(
                    f"{', '.join(map(str, scores))}: the scores reach from {posteriors.min():g} to "
                    f"{posteriors.max():g}; expected posteriors from 0 to 1."
                )
            labels = soft_targets(posteriors, sharpen=sharpen, floor=floor)
            for at, clip in enumerate(range(rows.start, rows.stop)):
                active = labels[at, : file.n_frames[clip]].T
                table = runs(
                    file.filenames[clip],
                    active,
                    file.classes,
                    np.inf,
                    frame_rate=1 / file.frame_seconds,
                )
                table = table.assign(
                    onset=(table["onset"] + _INSIDE).round(7),
                    offset=(table["offset"] - _INSIDE).round(7),
                )
                table[list(SOFT_COLUMNS)].to_csv(
                    stream, sep="\t", index=False, header=False, lineterminator="\n"
                )
                counts["clips"] += 1
                counts["labelled"] += bool(len(table))
                counts["rows"] += len(table)
        if not counts["rows"]:
            raise SedError(
                f"no label of {counts['clips']} clips reaches {floor:g}; lower data.pseudo_floor, "
                "or train the systems that label for longer."
            )
    return counts
