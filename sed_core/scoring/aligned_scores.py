"""Scores and ground truth brought together, clip by clip and class by class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from sed_core.runtime.errors import SedError
from sed_core.scoring.ground_truth import GroundTruth


class _Scores(Protocol):
    """What `align` needs of scores, padded or not."""

    @property
    def filenames(self) -> list[str]: ...
    @property
    def classes(self) -> list[str]: ...
    def select(self, filenames: Sequence[str]) -> Self:
        """The given clips."""
        ...

    def take(self, classes: Sequence[str]) -> Self:
        """The given classes."""
        ...


AnyScores = TypeVar("AnyScores", bound=_Scores)


@dataclass(frozen=True)
class AlignedScores(Generic[AnyScores]):
    """Scores and truth brought together.

    Attributes:
        scores: of the clips that are judged.
        truth: all clips that count.
        clips: (N,) clip number in the truth of each clip of the scores.
        present, expected: clips with scores, and clips that should have them.
        eventless: clips without events whose detections are left out.
    """

    scores: AnyScores
    truth: GroundTruth
    clips: NDArray[np.int64]
    present: int
    expected: int
    eventless: int


def align(
    scores: AnyScores,
    truth: GroundTruth,
    *,
    eventless_clips: str = "skip",
    allow_missing: bool = False,
    allow_unknown: bool = False,
) -> AlignedScores[AnyScores]:
    """Find the scores of each clip of the truth.

    Args:
        scores: of any clips in any order.
        truth: the clips that count.
        eventless_clips: see `Settings`.
        allow_missing: take clips without scores out of the truth altogether.
        allow_unknown: leave out scores of clips that have no annotation.

    Raises:
        SedError: classes differ, a scored clip is unknown, or scores of a clip are missing.
    """
    scores = _same_classes(scores, truth)
    position = {name: index for index, name in enumerate(truth.filenames)}
    unknown = [name for name in scores.filenames if name not in position]
    if unknown and (not allow_unknown or len(unknown) == len(scores.filenames)):
        raise SedError(
            f"the scores hold {unknown[0]}, which has no duration in the ground truth "
            f"({len(unknown)} such clips); score the split that the scores were made for."
        )
    wanted = wanted_clips(truth, eventless_clips)
    scored = np.zeros(len(truth.filenames), bool)
    scored[[position[name] for name in scores.filenames if name in position]] = True
    missing = np.flatnonzero(wanted & ~scored)
    expected, present = int(wanted.sum()), int((wanted & scored).sum())
    if missing.size and not allow_missing:
        raise SedError(
            f"the scores lack {truth.filenames[missing[0]]} ({missing.size} of {expected} clips); "
            "predict the whole split, or score without them (sedlab score --allow-missing)."
        )
    kept = truth.keep(~(wanted & ~scored))
    judged = [name for name, want in zip(truth.filenames, wanted & scored, strict=True) if want]
    position = {name: index for index, name in enumerate(kept.filenames)}
    clips = np.array([position[name] for name in judged], np.int64)
    return AlignedScores(
        scores.select(judged), kept, clips, present, expected, int((~wanted).sum())
    )


def wanted_clips(truth: GroundTruth, eventless_clips: str) -> NDArray[np.bool_]:
    """(N,) the clips whose detections count."""
    if eventless_clips not in ("skip", "score"):
        raise SedError(f"eventless_clips is {eventless_clips!r}; expected 'skip' or 'score'.")
    return truth.has_events if eventless_clips == "skip" else np.ones(len(truth.filenames), bool)


def _same_classes(scores: AnyScores, truth: GroundTruth) -> AnyScores:
    """The scores with classes in the order of the truth."""
    if scores.classes == truth.classes:
        return scores
    if set(scores.classes) != set(truth.classes):
        odd = sorted(set(scores.classes) ^ set(truth.classes))
        raise SedError(
            f"the scores and the ground truth do not have the same classes ({', '.join(odd)} "
            "is in one only); use the scores and the truth of one data set."
        )
    return scores.take(truth.classes)
