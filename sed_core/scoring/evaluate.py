"""All metrics of a system's scores against a ground truth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sed_core.runtime.arguments import odd_window
from sed_core.runtime.errors import SedError
from sed_core.scoring.collar import collar_f1
from sed_core.scoring.decode import decode, median_filter, operating_points
from sed_core.scoring.events import Events
from sed_core.scoring.f1 import F1
from sed_core.scoring.intersection import Statistics, intersection_f1, intersection_statistics
from sed_core.scoring.psds import SCENARIOS, Psds, Scenario, psds, references
from sed_core.scoring.score_file import Scores
from sed_core.scoring.segment import segment_f1
from sed_core.scoring.spans import Spans, score_tree
from sed_core.scoring.truth import Truth

F1_METRICS: dict[str, Callable[[Events, Truth], F1]] = {
    "intersection_f1": intersection_f1,
    "collar_f1": collar_f1,
    "segment_f1": segment_f1,
}


def windows(text: str) -> int | list[int]:
    """Read median windows: an odd number of frames, or a comma list with one per class.

    Raises:
        SedError: one is not odd.
    """
    numbers = [odd_window(part) for part in text.split(",")]
    return numbers[0] if len(numbers) == 1 else numbers


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How scores become metrics.

    Attributes:
        scenarios: PSDS parameters by name.
        median_window: frames, for all classes or one per class.
        n_thresholds: operating points of the 2022 scale.
        threshold: of the events that the F1 metrics judge.
        eventless_clips: `skip`: clips without any annotated event are never run, as in 2022,
            though their duration counts; `score`: their detections are false positives.
    """

    scenarios: Mapping[str, Scenario] = field(default_factory=lambda: SCENARIOS)
    median_window: int | Sequence[int] = 7
    n_thresholds: int = 50
    threshold: float = 0.5
    eventless_clips: str = "skip"

    def as_dict(self) -> dict[str, Any]:
        """JSON-like form."""
        return {
            **vars(self),
            "scenarios": {name: asdict(scenario) for name, scenario in self.scenarios.items()},
        }


@dataclass(frozen=True)
class NetworkResult:
    """Metrics of one network, the curves behind them and the events at the F1 threshold."""

    metrics: dict[str, Any]
    roc: dict[str, Any]
    events: Events


@dataclass(frozen=True)
class Pairing:
    """Scores and truth brought together.

    Attributes:
        scores: of the clips that are judged.
        truth: all clips that count.
        clips: (N,) clip number in the truth of each row of the scores.
        present, expected: clips with scores, and clips that should have them.
    """

    scores: Scores
    truth: Truth
    clips: NDArray[np.int64]
    present: int
    expected: int


def pair(
    scores: Scores,
    truth: Truth,
    *,
    eventless_clips: str = "skip",
    allow_missing: bool = False,
    allow_unknown: bool = False,
) -> Pairing:
    """Find the scores of each clip of the truth.

    Args:
        scores: of any clips in any order.
        truth: the clips that count.
        eventless_clips: see `Settings`.
        allow_missing: take clips without scores out of the truth altogether.
        allow_unknown: leave out scores of clips that have no annotation.

    Raises:
        SedError: classes differ, a scored clip is unknown, or scores of a clip are missing.
    """
    scores = _same_classes(scores, truth)
    position = {name: index for index, name in enumerate(truth.filenames)}
    unknown = [name for name in scores.filenames if name not in position]
    if unknown and (not allow_unknown or len(unknown) == len(scores.filenames)):
        raise SedError(
            f"the scores hold {unknown[0]}, which has no duration in the ground truth "
            f"({len(unknown)} such clips); score the split that the scores were made for."
        )
    wanted = wanted_clips(truth, eventless_clips)
    scored = np.zeros(len(truth.filenames), bool)
    scored[[position[name] for name in scores.filenames if name in position]] = True
    missing = np.flatnonzero(wanted & ~scored)
    expected, present = int(wanted.sum()), int((wanted & scored).sum())
    if missing.size and not allow_missing:
        raise SedError(
            f"the scores lack {truth.filenames[missing[0]]} ({missing.size} of {expected} clips); "
            "predict the whole split, or allow missing clips to score without them."
        )
    kept = truth.keep(~(wanted & ~scored))
    judged = [name for name, want in zip(truth.filenames, wanted & scored, strict=True) if want]
    position = {name: index for index, name in enumerate(kept.filenames)}
    clips = np.array([position[name] for name in judged], np.int64)
    return Pairing(scores.select(judged), kept, clips, present, expected)


def wanted_clips(truth: Truth, eventless_clips: str) -> NDArray[np.bool_]:
    """(N,) the clips whose detections count."""
    if eventless_clips not in ("skip", "score"):
        raise SedError(f"eventless_clips is {eventless_clips!r}; expected 'skip' or 'score'.")
    return truth.has_events if eventless_clips == "skip" else np.ones(len(truth.filenames), bool)


@dataclass(frozen=True)
class Detections:
    """What a network detects: at all thresholds, at those of the 2022 scale, at the F1 one."""

    exact: Spans
    coarse: Spans
    events: Events


def detect(pairing: Pairing, network: str, settings: Settings) -> Detections:
    """Post-process the scores of one network."""
    scores, clips = pairing.scores, pairing.clips
    strong = scores.networks[network].strong
    filtered = median_filter(strong, settings.median_window, scores.n_frames)
    grid: dict[str, Any] = {"frame_seconds": scores.frame_seconds, "n_frames": scores.n_frames}
    tree = score_tree(filtered, clips=clips, **grid)
    found = decode(filtered, settings.threshold, **grid)
    return Detections(
        exact=tree.at_every_score(),
        coarse=tree.at_thresholds(operating_points(settings.n_thresholds)),
        events=replace(found, clip=clips[found.clip].astype(np.int32)),
    )


def evaluate_network(pairing: Pairing, network: str, settings: Settings) -> NetworkResult:
    """All metrics of one network; memory is about 150 bytes per score (N x T x C)."""
    truth, found = pairing.truth, detect(pairing, network, settings)
    metrics: dict[str, Any] = {}
    roc: dict[str, Any] = {}
    for name, scenario in settings.scenarios.items():
        score = psds_of(found.exact, truth, scenario, "sed_scores_eval")
        metrics[name] = {
            "exact": score.as_dict(),
            "dcase2022": psds_of(found.coarse, truth, scenario, "dcase2022").as_dict(),
        }
        roc[name] = roc_dict(score)
    return NetworkResult({**metrics, **f1_metrics(found.events, truth)}, roc, found.events)


def psds_of(spans: Spans, truth: Truth, scenario: Scenario, convention: str) -> Psds:
    """PSDS of spans under a convention (see `intersection_statistics`)."""
    statistics = scenario_statistics(spans, truth, scenario, convention)
    return psds(statistics, references(truth), truth.classes, scenario)


def scenario_statistics(
    spans: Spans, truth: Truth, scenario: Scenario, convention: str
) -> Statistics:
    """Counts by the criteria of a scenario; cross-triggers only where they cost something."""
    cttc = scenario.cttc if scenario.alpha_ct > 0 else None
    return intersection_statistics(
        spans, truth, dtc=scenario.dtc, gtc=scenario.gtc, cttc=cttc, convention=convention
    )


def f1_metrics(events: Events, truth: Truth) -> dict[str, Any]:
    """The F1 metrics of one table of events, as published in 2022."""
    return {name: f1(events, truth).as_dict() for name, f1 in F1_METRICS.items()}


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


def _same_classes(scores: Scores, truth: Truth) -> Scores:
    """The scores with classes in the order of the truth."""
    if scores.classes == truth.classes:
        return scores
    if set(scores.classes) != set(truth.classes):
        odd = sorted(set(scores.classes) ^ set(truth.classes))
        raise SedError(
            f"the scores and the ground truth do not have the same classes ({', '.join(odd)} "
            "is in one only); use the scores and the truth of one data set."
        )
    order = [scores.classes.index(name) for name in truth.classes]
    networks = {
        name: replace(net, strong=net.strong[:, :, order], weak=net.weak[:, order])
        for name, net in scores.networks.items()
    }
    return replace(scores, classes=truth.classes, networks=networks)
