"""What an objective is: a weighted sum of a validation's scalars, highest for the best network."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sed_core.config.system import System
from sed_core.scoring.ground_truth import GroundTruth


@dataclass(frozen=True)
class Judged:
    """What a network makes of the strongly labelled validation clips.

    Attributes:
        scores: (N, T, C) after the median filter, and the mask where there is one.
        n_frames: (N,) frames of each clip.
        frame_seconds: length of a frame.
        truth: of the clips, with the duration of each recording.
    """

    scores: NDArray[np.float32]
    n_frames: NDArray[np.int64]
    frame_seconds: float
    truth: GroundTruth

    def keep(self, clips: NDArray[np.bool_]) -> "Judged":
        """The clips marked in a (N,) mask; the others cease to exist, their seconds too."""
        kept = self.scores[clips], self.n_frames[clips]
        return Judged(*kept, self.frame_seconds, self.truth.keep(clips))


@dataclass(frozen=True)
class Objective:
    """What selects a network.

    Attributes:
        terms: for a system and the network that is judged, the scalars of the validation that
            count (`val/…`), and the weight of each in the sum.
        measure: those of the strongly labelled clips that no other objective needs, by their last
            names; None where every validation has all that counts.
        lowest: what the sum is never below.
    """

    terms: Callable[[System, str], dict[str, float]]
    measure: Callable[[Judged], dict[str, float]] | None = None
    lowest: float = 0.0
