"""F1 from counts, and what to do with classes for which it is not defined."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sed_core.data.published_names import DESED_CLASSES
from sed_core.scoring.events import Events

CONVENTIONS = ("dcase2022", "sed_scores_eval")

# What makes a class undefined under the convention of 2022, for each metric's own tool.
_UNDEFINED = {
    "no label and no detection": lambda tp, ref, sys: ref + sys == 0,  # torchmetrics 0.7
    "no true positive": lambda tp, ref, sys: tp == 0,  # psds_eval
    "nothing": lambda tp, ref, sys: np.zeros(len(tp), bool),  # torchmetrics since 0.9: it counts 0
    "no event": lambda tp, ref, sys: ref == 0,  # sed_eval, event based
    "no event or no detection": lambda tp, ref, sys: (ref == 0) | (sys == 0),  # segment based
}


@dataclass(frozen=True)
class F1Counts:
    """Counts per clip and class, (N, C) each.

    Attributes:
        tp: events (or segments) found.
        fp: wrong detections.
        ref: events in the ground truth.
        sys: detections.
    """

    tp: NDArray[np.int64]
    fp: NDArray[np.int64]
    ref: NDArray[np.int64]
    sys: NDArray[np.int64]


@dataclass(frozen=True)
class F1:
    """F1 scores from 0 to 1.

    Attributes:
        macro: mean over the defined classes, 0 if there is none.
        micro: from the sums of the counts over classes.
        per_class: None for undefined classes.
        undefined: the classes that are left out of `macro`.
        convention: the rule that says so, in words.
    """

    macro: float
    micro: float
    per_class: dict[str, float | None]
    undefined: list[str]
    convention: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-like form."""
        return dict(vars(self))


def f1_scores(
    counts: F1Counts,
    classes: Sequence[str],
    *,
    convention: str,
    undefined: str,
    later: str = "no event",
) -> F1:
    """F1 = 2 TP / (2 TP + FP + FN) per class, its mean, and the same of the summed counts.

    Args:
        counts: per clip and class; the sums over clips are what matters.
        classes: C names.
        convention: `dcase2022` or `sed_scores_eval`.
        undefined: the rule of the metric's 2022 tool, a key of `_UNDEFINED`.
        later: the rule under `sed_scores_eval`, where classes without ground truth are undefined.
    """
    if convention not in CONVENTIONS:
        raise ValueError(f"convention {convention!r} is not one of {CONVENTIONS}")
    rule = undefined if convention == "dcase2022" else later
    tp, fp, ref, sys = (getattr(counts, name).sum(0) for name in ("tp", "fp", "ref", "sys"))
    left_out = _UNDEFINED[rule](tp, ref, sys)
    told = "no class" if rule == "nothing" else f"a class with {rule}"
    values = 2 * tp / np.maximum(tp + fp + ref, 1)
    return F1(
        macro=float(values[~left_out].mean()) if not left_out.all() else 0.0,
        micro=float(2 * tp.sum() / max(tp.sum() + fp.sum() + ref.sum(), 1)),
        per_class={
            name: None if out else float(value)
            for name, value, out in zip(classes, values, left_out, strict=True)
        },
        undefined=[name for name, out in zip(classes, left_out, strict=True) if out],
        convention=f"{convention}: {told} is left out",
    )


def usual_convention(classes: Sequence[str]) -> str:
    """The convention that figures of these classes are published by: 2022's for those of DESED.

    Elsewhere there is nothing to compare with, and a mean over the classes that were found says
    little.
    """
    return "dcase2022" if set(classes) == set(DESED_CLASSES) else "sed_scores_eval"


def tally(events: Events, shape: tuple[int, int]) -> NDArray[np.int64]:
    """(N, C) number of events per clip and class."""
    cell = events.clip.astype(np.int64) * shape[1] + events.label
    return np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
