"""The weight of each annotator, from agreement with the others, as in RealDESED's baseline.

Agreement in a recording is the mean over the other annotators of the macro Dice coefficient of two
frame labels. An annotator's raw score is the mean over recordings, shrunk towards the mean of all
annotators with k / (k + 5) for k recordings.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sed_core.data.annotators import FRAME_RATE, AnnotatedFile
from sed_core.runtime.files import read_json, write_json

SHRINKAGE = 5  # recordings at which a raw score and the mean of all count alike
SMALLEST, SHARPNESS = 1e-6, 16  # weight = max(score, SMALLEST) ** SHARPNESS


@dataclass(frozen=True)
class AnnotatorScore:
    """How much one annotator agrees with others.

    Attributes:
        score: shrunk raw score, 0..1.
        raw_score: mean agreement over recordings, 0..1.
        confidence: weight of the raw score in `score`.
        recordings: how many recordings it comes from.
        comparisons: how many pairs of annotators.
    """

    score: float
    raw_score: float
    confidence: float
    recordings: int
    comparisons: int


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float | None:
    """Mean of 2|A∩B| / (|A| + |B|) over the classes (rows) active in either; None if none is."""
    total = one.sum(1) + other.sum(1)
    either = total > 0
    if not either.any():
        return None
    return float(np.mean(2 * (one & other).sum(1)[either] / total[either]))


def annotator_scores(
    files: Iterable[AnnotatedFile], classes: Sequence[str], *, frame_rate: float = FRAME_RATE
) -> dict[str, AnnotatorScore]:
    """Score everyone who shares a recording with someone else, the best first.

    Args:
        files: the recordings with their unreviewed rows.
        classes: rows of the frame labels.
        frame_rate: frames a second.
    """
    agreement: dict[str, list[float]] = {}
    comparisons: dict[str, int] = {}
    for file in files:
        for name, values in _agreements(file, classes, frame_rate).items():
            agreement.setdefault(name, []).append(float(np.mean(values)))
            comparisons[name] = comparisons.get(name, 0) + len(values)
    if not agreement:
        return {}
    raw = {name: float(np.mean(values)) for name, values in agreement.items()}
    centre = float(np.mean(list(raw.values())))
    scores = {}
    for name, value in raw.items():
        recordings = len(agreement[name])
        trust = recordings / (recordings + SHRINKAGE)
        score = trust * value + (1 - trust) * centre
        scores[name] = AnnotatorScore(score, value, trust, recordings, comparisons[name])
    return dict(sorted(scores.items(), key=lambda item: (-item[1].score, item[0])))


def annotator_weights(
    annotators: Sequence[str], scores: Mapping[str, AnnotatorScore]
) -> NDArray[np.float64]:
    """(A,) weights of a recording's annotators, with sum 1; who has no score gets the mean one."""
    mean = float(np.mean([entry.score for entry in scores.values()])) if scores else 1.0
    known = [scores[name].score if name in scores else mean for name in annotators]
    weights = np.maximum(known, SMALLEST) ** SHARPNESS
    return weights / weights.sum()


def _agreements(
    file: AnnotatedFile, classes: Sequence[str], frame_rate: float
) -> dict[str, list[float]]:
    """{annotator: Dice with each of the others} of one recording."""
    if len(file.annotators) < 2 or file.events.empty:
        return {}
    n_frames = int(np.ceil(frame_rate * file.events["offset"].max()))
    heard = file.active(classes, n_frames, frame_rate=frame_rate)
    values: dict[str, list[float]] = {}
    for one, name in enumerate(file.annotators):
        pairs = (dice(heard[one], heard[o]) for o in range(len(heard)) if o != one)
        if found := [value for value in pairs if value is not None]:
            values[name] = found
    return values


def write_scores(path: str | Path, scores: Mapping[str, AnnotatorScore]) -> None:
    """Write JSON: for each annotator the attributes of an `AnnotatorScore`."""
    write_json(path, {name: asdict(score) for name, score in scores.items()}, decimals=12)


def read_scores(path: str | Path) -> dict[str, AnnotatorScore]:
    """Read what `write_scores` wrote."""
    return {name: AnnotatorScore(**entry) for name, entry in read_json(path).items()}
