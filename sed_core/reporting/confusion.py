"""Confusion matrix: cross-triggers between classes at the F1 threshold."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sed_core.reporting import style
from sed_core.scoring.events import Events
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.intersection import intersection_statistics
from sed_core.scoring.scenarios import SCENARIOS
from sed_core.scoring.spans import spans_of_events


def cross_triggers(detections: Events, truth: GroundTruth) -> NDArray[np.int64]:
    """(C, C + 1) what became of the events of each class, by the criteria of PSDS2.

    Row k, column c: events of class k that were found (c = k), or detections of class c that are
    wrong and of which events of class k cover at least 30 % (c != k); a detection may count in
    several rows. Last column: events of class k that were not found.
    """
    n_classes, scenario = len(truth.classes), SCENARIOS["psds2"]
    counted = intersection_statistics(
        spans_of_events([detections], n_classes),
        truth,
        dtc=scenario.dtc,
        gtc=scenario.gtc,
        cttc=scenario.cttc,
    )
    matrix = np.zeros((n_classes, n_classes + 1), np.int64)
    found, wrong = counted.tp, counted.ct
    now = found.point == 0
    np.add.at(matrix, (found.label[now], found.label[now]), found.change[now])
    if wrong is not None and wrong.other is not None:
        now = wrong.point == 0
        np.add.at(matrix, (wrong.other[now], wrong.label[now]), wrong.change[now])
    events = np.bincount(truth.events.label, minlength=n_classes)
    matrix[:, -1] = events - np.diag(matrix)
    return matrix


@style.styled
def matrix_figure(matrix: NDArray[np.int64], classes: list[str], *, title: str) -> Figure:
    """The matrix, darker where a larger part of a class's events is concerned."""
    names = [label.replace("_", " ") for label in classes]
    drawing, grid = style.new(8.6, 1.9 + 0.34 * len(classes))
    events = np.maximum(np.diag(matrix) + matrix[:, -1], 1)
    axes = grid[0, 0]
    share = np.minimum(matrix / events[:, None], 1)
    style.heatmap(axes, share, matrix, rows=names, columns=[*names, "not found"])
    axes.axvline(len(classes) - 0.5, color="white", linewidth=4)
    axes.set(xlabel="detected as", ylabel="what was there")
    style.headline(drawing, title)
    return drawing
