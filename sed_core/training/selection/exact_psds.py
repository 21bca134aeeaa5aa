"""Exact PSDS of the strongly labelled validation clips, as ATST-SED and RealDESED select by."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sed_core.scoring.frames import from_padded
from sed_core.scoring.intersection import intersection_statistics
from sed_core.scoring.overlap import Overlaps
from sed_core.scoring.psd_curves import class_roc, psd_roc, references
from sed_core.scoring.scenarios import SCENARIOS, Scenario
from sed_core.scoring.spans import line_tree
from sed_core.scoring.staircase import Roc
from sed_core.training.selection.objective import Judged, Objective


def psds_of_both(judged: Judged) -> dict[str, float]:
    """PSDS of both scenarios of DESED on the clips with any event, as ATST-SED's validation has it.

    The seconds of the other clips do not count either.
    """
    curves = class_curves(judged.keep(judged.truth.has_events), SCENARIOS)
    return {
        name: psd_roc(curves[name], scenario.alpha_st).area(scenario.max_efpr)
        for name, scenario in SCENARIOS.items()
    }


def class_mean(judged: Judged) -> dict[str, float]:
    """Mean of the classes' own PSDS of scenario 1, on all clips, as RealDESED's validation has it.

    Classes without any event take no part.
    """
    scenario = SCENARIOS["psds1"]
    curves = class_curves(judged, {"psds1": scenario})["psds1"]
    areas = [curve.area(scenario.max_efpr) for curve in curves]
    return {"psds1_class_mean": float(np.mean(areas)) if areas else 0.0}


def class_curves(judged: Judged, scenarios: Mapping[str, Scenario]) -> dict[str, list[Roc]]:
    """By scenario the curve of each class that has events, by the rules of sed_scores_eval.

    One class after the other, so what is needed beyond the scores is that of one.
    """
    truth, totals = judged.truth, references(judged.truth)
    frames = from_padded(
        judged.scores,
        filenames=truth.filenames,
        classes=truth.classes,
        frame_seconds=judged.frame_seconds,
        n_frames=judged.n_frames,
    )
    edges: dict[str, Any] = {
        "edge_clip": frames.slot_clips(np.arange(len(truth.filenames))),
        "edge_time": frames.time,
    }
    overlaps = Overlaps(truth, **edges)
    curves: dict[str, list[Roc]] = {name: [] for name in scenarios}
    for label in np.flatnonzero(totals.count).tolist():
        tree = line_tree(frames.lines[label], label=label, n_classes=len(truth.classes), **edges)
        spans = tree.at_every_score()
        for name, scenario in scenarios.items():
            counted = intersection_statistics(
                spans,
                truth,
                dtc=scenario.dtc,
                gtc=scenario.gtc,
                cttc=scenario.cttc if scenario.alpha_ct > 0 else None,
                convention="sed_scores_eval",
                overlaps=overlaps,
                max_fp=scenario.max_efpr * totals.seconds / 3600 + 1,
            )
            curves[name].append(class_roc(counted.only(label), label, totals, scenario))
    return curves


PSDS = Objective(
    lambda system, network: {f"val/synth/{network}/{name}": 1.0 for name in SCENARIOS},
    psds_of_both,
)
PSDS1_CLASS_MEAN = Objective(
    lambda system, network: {f"val/synth/{network}/psds1_class_mean": 1.0}, class_mean
)
