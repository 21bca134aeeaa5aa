"""Metrics beyond those of DESED that a configuration may ask for, by name (`scoring.further`)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sed_core.runtime.errors import SedError, unknown_name
from sed_core.scoring.aligned_scores import AlignedScores
from sed_core.scoring.auroc import REALDESED_MAX_FPR, segment_auroc
from sed_core.scoring.frames import FrameScores
from sed_core.scoring.pi_psds import exact_psds, pi_psds
from sed_core.scoring.psds import Psds
from sed_core.scoring.recording_segments import RECORDING_METRICS, recording_score
from sed_core.scoring.scenarios import SCENARIOS
from sed_core.scoring.settings import Settings

NO_CROSS_TRIGGERS = replace(SCENARIOS["psds2"], cttc=None, alpha_ct=0.0)
"""PSDS2 as RealDESED's protocol has it."""
PI_WINDOWS = (1, 3, 5, 7, 11, 15, 21, 31, 45)
"""Median windows in frames, of which piPSDS takes the best."""

Metric = Callable[[AlignedScores[FrameScores], Settings], dict[str, Any]]


def _psds(score: Psds) -> dict[str, Any]:
    own = score.as_dict()
    return {key: own[key] for key in ("value", "class_mean", "per_class")}


def _no_cross_triggers(aligned: AlignedScores[FrameScores], settings: Settings) -> dict[str, Any]:
    windows = settings.windows_of(len(aligned.truth.classes))
    return _psds(exact_psds(aligned, NO_CROSS_TRIGGERS, windows))


def _of_recordings(name: str) -> Metric:
    judge = RECORDING_METRICS[name]
    return lambda aligned, settings: recording_score(aligned, settings, judge).as_dict()


FURTHER: dict[str, Metric] = {
    "segment_auroc": lambda aligned, settings: segment_auroc(aligned, settings).as_dict(),
    "segment_auroc_0.1": lambda aligned, settings: segment_auroc(
        aligned, settings, max_fpr=REALDESED_MAX_FPR
    ).as_dict(),
    "psds2_no_cross_triggers": _no_cross_triggers,
    "pi_psds1": lambda aligned, _: _psds(pi_psds(aligned, SCENARIOS["psds1"], PI_WINDOWS)),
    "pi_psds2": lambda aligned, _: _psds(pi_psds(aligned, SCENARIOS["psds2"], PI_WINDOWS)),
}
FURTHER |= {name: _of_recordings(name) for name in RECORDING_METRICS}
"""Each gives `value` and `per_class`; of a PSDS also `class_mean`, the value without a penalty."""


def further_metrics(
    names: Sequence[str],
    aligned: AlignedScores[FrameScores],
    settings: Settings,
    *,
    whole: AlignedScores[FrameScores] | None = None,
) -> dict[str, Any]:
    """JSON-like figures of the named metrics.

    Args:
        names: of `FURTHER`.
        aligned: scores and truth.
        settings: the median windows; piPSDS has its own.
        whole: as `aligned`, and clips without events are judged, too; metrics of whole recordings
            need it.

    Raises:
        SedError: there is no such metric.
    """
    for name in names:
        if name not in FURTHER:
            raise SedError(unknown_name(name, FURTHER, "metric"))
    return {
        name: FURTHER[name](whole or aligned if name in RECORDING_METRICS else aligned, settings)
        for name in names
    }
