"""PSDS that does not hang on a median window: the best of many for each class and rate.

piPSDS: J. Ebbers, R. Haeb-Umbach, R. Serizel, DCASE Workshop 2023, as in sed_scores_eval. It says
what a system could reach with the right post-processing, chosen on the clips that are scored: a
bound, not a result.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sed_core.runtime.errors import SedError
from sed_core.scoring.aligned_scores import AlignedScores
from sed_core.scoring.evaluate import SCALES, scenario_statistics
from sed_core.scoring.frames import FrameScores
from sed_core.scoring.overlap import Overlaps
from sed_core.scoring.psd_curves import class_roc, references
from sed_core.scoring.psds import Psds, psds_of_curves
from sed_core.scoring.scenarios import Scenario
from sed_core.scoring.spans import line_tree
from sed_core.scoring.staircase import Roc, staircase


def pi_psds(
    aligned: AlignedScores[FrameScores], scenario: Scenario, windows: Sequence[int]
) -> Psds:
    """PSDS at every score, of the best of several median windows at each rate.

    Args:
        aligned: scores and truth.
        scenario: the PSDS parameters.
        windows: numbers of frames.

    Raises:
        SedError: no windows, or one below 1.
    """
    if not windows or any(window < 1 for window in windows):
        raise SedError(f"windows are {list(windows)}; expected one or more numbers of frames.")
    n_classes = len(aligned.truth.classes)
    rocs = [_class_rocs(aligned, scenario, [window] * n_classes) for window in windows]
    best = {name: best_of([roc[name] for roc in rocs], scenario.max_efpr) for name in rocs[0]}
    return psds_of_curves(best, aligned.truth.classes, scenario)


def exact_psds(
    aligned: AlignedScores[FrameScores], scenario: Scenario, windows: Sequence[int]
) -> Psds:
    """PSDS at every score, with one median window a class."""
    curves = _class_rocs(aligned, scenario, windows)
    return psds_of_curves(curves, aligned.truth.classes, scenario)


def best_of(curves: Sequence[Roc], max_rate: float) -> Roc:
    """The highest of several curves at each rate."""
    rates = np.concatenate([curve.efpr for curve in curves])
    return staircase(rates, np.concatenate([curve.tpr for curve in curves]), max_rate)


def _class_rocs(
    aligned: AlignedScores[FrameScores], scenario: Scenario, windows: Sequence[int]
) -> Mapping[str, Roc]:
    """The curve of each class that has ground truth."""
    truth, frames = aligned.truth, aligned.scores
    totals = references(truth)
    edges: dict[str, NDArray] = {
        "edge_clip": frames.slot_clips(aligned.clips),
        "edge_time": frames.time,
    }
    overlaps = Overlaps(truth, **edges)
    curves = {}
    for label in np.flatnonzero(totals.count).tolist():
        line = frames.filtered(label, windows[label])
        tree = line_tree(line, label=label, n_classes=len(truth.classes), **edges)
        spans = tree.at_every_score()
        counted = scenario_statistics(spans, truth, scenario, SCALES["exact"], overlaps)
        curves[truth.classes[label]] = class_roc(counted.only(label), label, totals, scenario)
    return curves
