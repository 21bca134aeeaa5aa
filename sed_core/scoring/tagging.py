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
    convention: str = "dcase2022",
) -> F1:
    """F1 of clip labels.

    Args:
        weak_scores: (N, C) posteriors; a class is there if its score is above the threshold.
        labels: (N, C) ground truth, 0 or 1.
        classes: C names; None: "0", "1", ...
        threshold: compared strictly.
        convention: `dcase2022`: classes that are neither there nor detected are left out, as in
            torchmetrics 0.7; `sed_scores_eval`: they count as 0, as in its later versions, which
            selected the networks of 2024.
    """
    found, real = np.asarray(weak_scores) > threshold, np.asarray(labels) > 0
    counts = F1Counts(
        tp=(found & real).astype(np.int64),
        fp=(found & ~real).astype(np.int64),
        ref=real.astype(np.int64),
        sys=found.astype(np.int64),
    )
    names = classes or [str(index) for index in range(real.shape[1])]
    return f1_scores(
        counts,
        names,
        convention=convention,
        undefined="no label and no detection",
        later="nothing",
    )
