"""Clip-level F1 of the weak predictions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sed_core.scoring.f1 import F1, F1Counts, f1_scores


def tagging_f1(
    weak_scores: NDArray,
    labels: NDArray,
    classes: Sequence[str] | None = None,
    *,
    threshold: float = 0.5,
) -> F1:
    """F1 of clip labels.

    Args:
        weak_scores: (N, C) posteriors; a class is there if its score is above the threshold.
        labels: (N, C) ground truth, 0 or 1.
        classes: C names; None: "0", "1", ...
        threshold: compared strictly.

    Returns:
        F1 without the classes that are neither there nor detected, as in torchmetrics 0.7, which
        selected the models of 2022 (later versions count them as 0).
    """
    found, real = np.asarray(weak_scores) > threshold, np.asarray(labels) > 0
    counts = F1Counts(
        tp=(found & real).astype(np.int64),
        fp=(found & ~real).astype(np.int64),
        ref=real.astype(np.int64),
        sys=found.astype(np.int64),
    )
    names = classes or [str(index) for index in range(real.shape[1])]
    return f1_scores(counts, names, convention="dcase2022", undefined="no label and no detection")
