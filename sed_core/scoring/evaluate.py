"""All metrics of a system's scores against a ground truth."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sed_core.scoring import collar, intersection, segment
from sed_core.scoring.aligned_scores import AlignedScores
from sed_core.scoring.counts import ClipStatistics, clip_statistics, compact, false_positives
from sed_core.scoring.decode import operating_points
from sed_core.scoring.events import Events
from sed_core.scoring.f1 import CONVENTIONS, F1, F1Counts
from sed_core.scoring.frames import FrameScores
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.intersection import IntersectionStatistics, intersection_statistics
from sed_core.scoring.overlap import Overlaps
from sed_core.scoring.psd_curves import class_roc, references
from sed_core.scoring.psds import Psds, psds, psds_of_curves
from sed_core.scoring.scenarios import Scenario
from sed_core.scoring.settings import Settings
from sed_core.scoring.spans import Spans, line_tree
from sed_core.scoring.staircase import Roc

F1_METRICS: dict[str, Callable[..., F1]] = {
    "intersection_f1": intersection.intersection_f1,
    "collar_f1": collar.collar_f1,
    "segment_f1": segment.segment_f1,
}
SCALES = {"exact": "sed_scores_eval", "dcase2022": "dcase2022"}  # and whose rules they follow


@dataclass(frozen=True)
class Result:
    """Metrics of one system, the curves behind them and, for F1, the events.

    Attributes:
        metrics: by name, JSON-like.
        roc: curves of the exact PSDS, JSON-like.
        events: at the threshold of the F1 metrics; None where there is no such threshold.
        statistics: counts for resampling, where they were asked for.
    """

    metrics: dict[str, Any]
    roc: dict[str, Any]
    events: Events | None
    statistics: ClipStatistics | None


def evaluate_scores(
    aligned: AlignedScores[FrameScores], settings: Settings, *, resampling: bool = False
) -> Result:
    """All metrics of one network.

    One class after the other, so memory beyond the scores is about 100 bytes per frame.

    Args:
        aligned: scores and truth.
        settings: how the ones become metrics.
        resampling: keep the counts that `bootstrap.bootstrap` needs.

    Example:
        >>> from sed_core.scoring.aligned_scores import align
        >>> from sed_core.scoring.events import make_events
        >>> from sed_core.scoring.frames import from_padded
        >>> events = make_events(clip=[0], label=[0], onset=[2.0], offset=[4.0])
        >>> truth = GroundTruth(["a.wav"], np.array([10.0]), ["Dog"], events)
        >>> posteriors = np.full((1, 10, 1), 0.1, np.float32)  # (clips, frames, classes)
        >>> posteriors[0, 2:4] = 0.9
        >>> scores = from_padded(
        ...     posteriors, filenames=["a.wav"], classes=["Dog"], frame_seconds=1.0
        ... )
        >>> result = evaluate_scores(align(scores, truth), Settings(median_window=1))
        >>> result.metrics["psds1"]["exact"]["value"], result.metrics["collar_f1"]["macro"]
        (1.0, 1.0)
    """
    truth, frames = aligned.truth, aligned.scores
    windows = settings.windows_of(len(truth.classes))
    points = operating_points(settings.n_thresholds)
    edges: dict[str, NDArray] = {
        "edge_clip": frames.slot_clips(aligned.clips),
        "edge_time": frames.time,
    }
    overlaps = Overlaps(truth, **edges)
    collected = _Collected(truth, settings, resampling)
    found = []
    for label, window in enumerate(windows):
        line = frames.filtered(label, window)
        found.append(_active(line, settings.threshold, label, **edges))
        tree = line_tree(line, label=label, n_classes=len(truth.classes), **edges)
        del line
        for scale in SCALES:
            spans = tree.at_every_score() if scale == "exact" else tree.at_thresholds(points)
            collected.add(label, spans, scale, overlaps)
    metrics, roc = collected.metrics()
    events = _joined(found)
    return Result(
        metrics | f1_metrics(events, truth, settings.f1_convention),
        roc,
        events,
        collected.statistics(events) if resampling else None,
    )


def evaluate_points(
    spans: Spans,
    events: Events | None,
    truth: GroundTruth,
    settings: Settings,
    *,
    resampling: bool = False,
) -> Result:
    """All metrics that operating points allow: PSDS on their own scale and, of one table, F1.

    Args:
        spans: detections at all points (`spans_of_events`).
        events: the table that F1 judges, if there is one.
        truth: ground truth.
        settings: how detections become metrics.
        resampling: keep the counts that `bootstrap.bootstrap` needs.
    """
    metrics: dict[str, Any] = {}
    compacted = {}
    for name, scenario in settings.scenarios.items():
        statistics = scenario_statistics(spans, truth, scenario, "dcase2022")
        score = psds(statistics, references(truth), truth.classes, scenario)
        metrics[name] = {"dcase2022": score.as_dict()}
        if resampling:
            kept = [compact(of_class, scenario, truth) for of_class in statistics.by_class()]
            compacted[f"{name}_dcase2022"] = (scenario, kept)
    if events is not None:
        metrics |= f1_metrics(events, truth, settings.f1_convention)
    f1 = {} if events is None else f1_counts(events, truth, settings.f1_convention)
    counted = clip_statistics(compacted, f1, truth, settings.f1_convention) if resampling else None
    return Result(metrics, {}, events, counted)


def psds_of(spans: Spans, truth: GroundTruth, scenario: Scenario, convention: str) -> Psds:
    """PSDS of spans under a convention (see `intersection_statistics`)."""
    statistics = scenario_statistics(spans, truth, scenario, convention)
    return psds(statistics, references(truth), truth.classes, scenario)


def scenario_statistics(
    spans: Spans,
    truth: GroundTruth,
    scenario: Scenario,
    convention: str,
    overlaps: Overlaps | None = None,
    max_fp: float | None = None,
) -> IntersectionStatistics:
    """Counts by the criteria of a scenario; cross-triggers only where they cost something."""
    return intersection_statistics(
        spans,
        truth,
        dtc=scenario.dtc,
        gtc=scenario.gtc,
        cttc=scenario.cttc if scenario.alpha_ct > 0 else None,
        convention=convention,
        overlaps=overlaps,
        max_fp=max_fp,
    )


def f1_metrics(events: Events, truth: GroundTruth, convention: str = "dcase2022") -> dict[str, Any]:
    """The F1 metrics of one table of events; under `conventions` by the rules of both tools."""
    metrics = {}
    for name, f1 in F1_METRICS.items():
        both = {own: f1(events, truth, convention=own).as_dict() for own in CONVENTIONS}
        metrics[name] = both[convention] | {"conventions": both}
    return metrics


def f1_counts(
    events: Events, truth: GroundTruth, convention: str
) -> dict[str, tuple[F1Counts, str]]:
    """Counts behind the F1 metrics, and each one's rule of 2022 for undefined classes."""
    half = intersection.intersection_counts(events, truth, dtc=0.5, gtc=0.5, convention=convention)
    return {
        "intersection_f1": (half, intersection.UNDEFINED),
        "collar_f1": (
            collar.collar_counts(events, truth, convention=convention),
            collar.UNDEFINED,
        ),
        "segment_f1": (
            segment.segment_counts(events, truth, convention=convention),
            segment.UNDEFINED,
        ),
    }


@dataclass
class _Collected:
    """Curves (and, for resampling, counts) of all scenarios and scales, class by class."""

    truth: GroundTruth
    settings: Settings
    resampling: bool
    curves: dict[tuple[str, str], dict[str, Roc]] = field(default_factory=dict)
    compacted: dict[str, tuple[Scenario, list[IntersectionStatistics]]] = field(
        default_factory=dict
    )

    def add(self, label: int, spans: Spans, scale: str, overlaps: Overlaps) -> None:
        """Count the spans of one class on one scale."""
        truth, totals = self.truth, references(self.truth)
        for name, scenario in self.settings.scenarios.items():
            reach = false_positives(scenario, truth, any_draw=self.resampling)
            counted = scenario_statistics(spans, truth, scenario, SCALES[scale], overlaps, reach)
            of_class = counted.only(label)
            curves = self.curves.setdefault((name, scale), {})
            if totals.count[label] > 0:
                curves[truth.classes[label]] = class_roc(of_class, label, totals, scenario)
            if self.resampling:
                _, compacted = self.compacted.setdefault(f"{name}_{scale}", (scenario, []))
                compacted.append(compact(of_class, scenario, truth))

    def metrics(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """PSDS of both scales, and the curves of the exact one."""
        metrics: dict[str, Any] = {}
        roc = {}
        for (name, scale), curves in self.curves.items():
            score = psds_of_curves(curves, self.truth.classes, self.settings.scenarios[name])
            metrics.setdefault(name, {})[scale] = score.as_dict()
            if scale == "exact":
                roc[name] = roc_dict(score)
        return metrics, roc

    def statistics(self, events: Events) -> ClipStatistics:
        """The counts of all classes, with those behind F1."""
        convention = self.settings.f1_convention
        f1 = f1_counts(events, self.truth, convention)
        return clip_statistics(self.compacted, f1, self.truth, convention)


def roc_dict(score: Psds) -> dict[str, Any]:
    """JSON-like form of the curves of a PSDS."""
    return {
        "efpr": score.curve.efpr.tolist(),
        "etpr": score.curve.tpr.tolist(),
        "per_class": {
            name: {"efpr": curve.efpr.tolist(), "tpr": curve.tpr.tolist()}
            for name, curve in score.class_curves.items()
        },
    }


def _active(
    line: NDArray, threshold: float, label: int, edge_clip: NDArray, edge_time: NDArray
) -> Events:
    """Runs of a class's scores above a threshold, compared in float64."""
    borders = np.flatnonzero(np.diff(line > np.float64(threshold), prepend=False))
    start, stop = borders[0::2], borders[1::2]
    return Events(
        edge_clip[start], np.full(len(start), label, np.int16), edge_time[start], edge_time[stop]
    )


def _joined(by_class: list[Events]) -> Events:
    """Events of all classes, sorted by clip, label and onset."""
    names = ("clip", "label", "onset", "offset")
    events = Events(
        *(np.concatenate([getattr(events, name) for events in by_class]) for name in names)
    )
    return events[np.lexsort((events.onset, events.label, events.clip))]
