"""What a process hears of the validation clips: windows of each, one after the other."""

from dataclasses import dataclass

import numpy as np

from sed_core.inference.windows import Window, Windows
from sed_core.runtime.errors import SedError
from sed_core.training.training_data import TrainingData


@dataclass(frozen=True)
class ValidationWindows:
    """The share of one process.

    Attributes:
        clips: their numbers: strongly labelled ones, weakly labelled ones, those with soft labels.
        windows: theirs in this order; `recording` is a place in `clips`.
    """

    clips: list[int]
    windows: list[Window]

    @classmethod
    def of(
        cls, training_data: TrainingData, *, rank: int = 0, world_size: int = 1
    ) -> "ValidationWindows":
        """Process r of n takes clips r, r + n, r + 2n, …

        Raises:
            SedError: there are fewer clips than processes.
        """
        parts = training_data.val_strong, training_data.val_weak, training_data.val_soft
        clips = np.concatenate(parts).tolist()
        mine = clips[rank::world_size]
        if not mine:
            raise SedError(
                f"{world_size} devices cannot share fewer validation clips; lower compute.gpus."
            )
        lengths = training_data.audio.lengths[mine]
        return cls(mine, Windows.of(training_data.system).split(lengths))
