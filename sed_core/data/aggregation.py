"""One frame label from several annotators, by the methods of RealDESED's baseline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sed_core.data.annotator_weights import AnnotatorScore, annotator_weights
from sed_core.data.annotators import AnnotatedFile
from sed_core.runtime.errors import SedError, unknown_name
from sed_core.runtime.seeding import derive

Labels = NDArray[np.float32]
EVENT_FROM = 0.5  # soft labels from here on count as active in a metric


@dataclass(frozen=True)
class Votes:
    """What the annotators of a recording hear, with what is known about them.

    Attributes:
        active: (A, C, T) bool.
        creators: (A,) bool, who made the recording.
        weights: (A,) with sum 1.
        pick: number of the annotator whom `random_fixed` takes.
    """

    active: NDArray[np.bool_]
    creators: NDArray[np.bool_]
    weights: NDArray[np.float64]
    pick: int = 0


def _majority(votes: Votes) -> NDArray:
    return votes.active.mean(0) >= EVENT_FROM


def _collector(votes: Votes) -> NDArray:
    own = votes.active[votes.creators]
    return np.logical_or.reduce(own) if len(own) else _majority(votes)


AGGREGATIONS: dict[str, Callable[[Votes], NDArray]] = {
    "majority": _majority,
    "union": lambda votes: np.logical_or.reduce(votes.active),
    "intersection": lambda votes: np.logical_and.reduce(votes.active),
    "collector": _collector,
    "uniform": lambda votes: votes.active.mean(0),
    "weighted": lambda votes: np.tensordot(votes.weights, votes.active, 1),
    "random_fixed": lambda votes: votes.active[votes.pick],
}
"""Each turns votes into (C, T) labels; `uniform` and `weighted` give soft ones, 0..1."""
RANDOM = "random"
"""One annotator, drawn anew in each epoch: labels of all of them go into training."""


def aggregate(votes: Votes, method: str) -> Labels:
    """(C, T) float32 labels, 0..1, by one of `AGGREGATIONS`.

    Raises:
        SedError: there is no such method.
    """
    if method not in AGGREGATIONS:
        raise SedError(unknown_name(method, AGGREGATIONS, "aggregation of annotators"))
    return AGGREGATIONS[method](votes).astype(np.float32)


def votes_of(
    file: AnnotatedFile,
    active: NDArray[np.bool_],
    scores: dict[str, AnnotatorScore],
    *,
    draw: Sequence[int | str] = (),
) -> Votes:
    """The votes of a recording's annotators.

    Args:
        file: who they are.
        active: (A, C, T) what they hear, see `AnnotatedFile.active`.
        scores: of annotators, see `annotator_scores`. Where a reviewer's choice was taken they
            say nothing about what is left, and all count alike.
        draw: what the pick of `random_fixed` hangs on.
    """
    count = len(file.annotators)
    uniform = np.full(count, 1 / count)
    weights = uniform if file.reviewed else annotator_weights(file.annotators, scores)
    return Votes(active, file.creators, weights, pick=derive(*draw) % count)
