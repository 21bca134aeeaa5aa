"""Scores a split: reads score and ground-truth files, writes result files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sed_core.runtime.errors import SedError
from sed_core.runtime.files import write_json
from sed_core.scoring.aligned_scores import align
from sed_core.scoring.bootstrap_scores import bootstrap_system
from sed_core.scoring.evaluate import evaluate_scores
from sed_core.scoring.further import further_metrics
from sed_core.scoring.ground_truth import read_ground_truth_of
from sed_core.scoring.group_scores import score_groups
from sed_core.scoring.psds_check import check_psds
from sed_core.scoring.recording_segments import RECORDING_METRICS
from sed_core.scoring.reliability import reliability
from sed_core.scoring.score_file import read_false_alarms, read_frames
from sed_core.scoring.score_layout import open_scores
from sed_core.scoring.settings import Settings

SCHEMA = 1


def score_split(
    scores: str | Path,
    truth: str | Path,
    durations: str | Path,
    *,
    settings: Settings,
    output: str | Path,
    roc: str | Path,
    bootstrap: str | Path | None,
    n_bootstrap: int,
    split: str,
    reported: str,
    coverage: Mapping[str, int] | None,
    further: Sequence[str] = (),
    groups: Sequence[str] = (),
    metadata: str | Path | None = None,
    classes: Sequence[str] | None = None,
    **named: Any,
) -> None:
    """Evaluate every network of a score file and write the result of one seed.

    The exact PSDS of the reported network stand in it by sed_scores_eval too (`check_psds`).

    Args:
        scores: HDF5 of frame scores; clips without annotation in it are left out.
        truth: TSV of events.
        durations: TSV of the clips that count.
        settings: how scores become metrics.
        output: JSON of metrics to write.
        roc: JSON of curves to write.
        bootstrap: JSON of bootstrapped metrics of the reported network to write, or None.
        n_bootstrap: draws of clips behind its intervals.
        split: name in the result.
        reported: the network whose figures are the system's.
        coverage: clips present and expected; None: as the truth has them.
        further: names of `FURTHER` metrics of the reported network.
        groups: columns of the metadata; the reported network is scored on the recordings of each of
            their values, too.
        metadata: table with a row for every recording.
        classes: those that count; None for all. `settings` has windows for these.
        **named: system, dataset, seed and provenance, copied into the result.

    Raises:
        SedError: inputs that do not fit together, no such network, or a PSDS that sed_scores_eval
            does not confirm.
    """
    with open_scores(scores) as file:
        names, scored = list(file.networks), file.classes
    if reported not in names:
        raise SedError(
            f"{scores} has no {reported}, only {', '.join(names)}; predict with both networks or "
            "report another one."
        )
    annotated = read_ground_truth_of(truth, durations, scored, source=scores, only=classes)
    metrics: dict[str, Any] = {}
    curves: dict[str, Any] = {}
    for name, frames in read_frames(scores, weak_mask=settings.weak_mask):
        frames = frames.take(annotated.classes)
        aligned = align(
            frames, annotated, eventless_clips=settings.eventless_clips, allow_unknown=True
        )
        result = evaluate_scores(aligned, settings, resampling=name == reported)
        metrics[name] = result.metrics
        curves[name] = {**result.roc, "reliability": reliability(aligned)}
        if name == reported:
            checked = check_psds(aligned, settings, result.metrics)
            if "unchecked" in checked:
                print(f"PSDS of {name}: {checked['unchecked']}")
            whole = aligned
            if not RECORDING_METRICS.keys().isdisjoint(further):
                whole = align(frames, annotated, eventless_clips="score", allow_unknown=True)
            asked = further_metrics(further, aligned, settings, whole=whole)
            by_column = score_groups(
                aligned, settings, groups, metadata=metadata, n_bootstrap=n_bootstrap
            )
        if result.statistics is not None:
            drawn = bootstrap_system(result.statistics, aligned.truth, n_bootstrap=n_bootstrap)
    write_json(roc, curves)
    if bootstrap is not None:
        drawn.write(bootstrap, system=named["system"], split=split, groups=by_column)
    details = settings.as_dict()
    own = {"present": aligned.present, "expected": aligned.expected}
    content = {
        "schema": SCHEMA,
        "split": split,
        "reported": reported,
        "coverage": {split: dict(coverage or own)},
        "scenarios": details.pop("scenarios"),
        "settings": details,
        "networks": metrics,
        "further": asked,
        "sed_scores_eval": checked,
        "intervals": drawn.intervals(),
        "false_alarms": read_false_alarms(scores, reported),
        **named,
    }
    write_json(output, content)
