"""The exact PSDS by sed_scores_eval, the field's own tool, beside that of our engine.

J. Ebbers, R. Serizel, R. Haeb-Umbach: Threshold independent evaluation of sound event detection
scores, ICASSP 2022. Our engine also gives the scale of 2022, the bootstrap and tuning.
"""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from sed_core.runtime.errors import SedError
from sed_core.scoring.aligned_scores import AlignedScores
from sed_core.scoring.frames import FrameScores
from sed_core.scoring.scenarios import Scenario
from sed_core.scoring.settings import Settings

TOOL = "sed_scores_eval"
TOLERANCE = 1e-6  # of PSDS, by which the two may differ


def check_psds(
    aligned: AlignedScores[FrameScores], settings: Settings, metrics: Mapping[str, Any]
) -> dict[str, Any]:
    """Exact PSDS of every scenario by sed_scores_eval.

    Args:
        aligned: scores and truth of one network.
        settings: scenarios and median windows.
        metrics: what our engine found (`evaluate_scores`).

    Returns:
        {version, psds1, psds2, …}; without the package, or for data that it does not take (see
        `_not_taken`), {unchecked: why}.

    Raises:
        SedError: our engine differs by more than `TOLERANCE`.
    """
    try:  # imported here, since it takes two seconds
        from sed_scores_eval import intersection_based
    except ImportError:
        return {
            "unchecked": f"not checked against {TOOL}: it is not installed; install a C++ compiler "
            f"and run `pip install {TOOL}==0.0.4`, then score again."
        }
    labels = np.unique(aligned.truth.events.label).tolist()
    names = [aligned.truth.classes[label] for label in labels]
    durations = dict(zip(aligned.truth.filenames, aligned.truth.durations.tolist(), strict=True))
    judged = {name: durations[name] for name in aligned.scores.filenames}
    if not names or not judged:
        return {"unchecked": f"not checked against {TOOL}: no event is in these clips."}
    if refused := _not_taken(aligned, names):
        return {"unchecked": f"not checked against {TOOL}, which does not take {refused}."}
    # Clips whose detections are left out count by their duration, of which PSDS takes the sum.
    judged[next(iter(judged))] += sum(durations.values()) - sum(judged.values())
    found: dict[str, Any] = {"version": version(TOOL)}
    tables, events = _tables(aligned, settings, labels), _events(aligned)
    for name, scenario in settings.scenarios.items():
        options = _options(scenario, len(names))
        found[name] = float(intersection_based.psds(tables, events, judged, **options)[0])
        ours = metrics[name]["exact"]["value"]
        if not abs(ours - found[name]) <= TOLERANCE:
            raise SedError(
                f"{name} is {ours:.9f} here and {found[name]:.9f} by {TOOL} {found['version']}; "
                "expected the same, so trust neither and report this with the scores and the truth."
            )
    return found


def _not_taken(aligned: AlignedScores[FrameScores], names: list[str]) -> str | None:
    """What sed_scores_eval refuses and our engine takes, with the first example; None: nothing."""
    frames, truth = aligned.scores, aligned.truth
    if odd := [name for name in names if "\\" in name]:
        return f"a class with a backslash in its name ({odd[0]})"
    if not frames.n_frames.all():
        return f"clips without a frame ({frames.filenames[int(frames.n_frames.argmin())]})"
    events = truth.events[np.isin(truth.events.clip, aligned.clips)]
    order = np.lexsort((events.onset, events.label, events.clip))
    events = events[order]
    same = (np.diff(events.clip) == 0) & (np.diff(events.label) == 0)
    touching = same & (events.onset[1:] <= events.offset[:-1])
    if touching.any():
        first = int(touching.argmax())
        name, clip = truth.classes[events.label[first]], truth.filenames[events.clip[first]]
        return f"events of one class that touch ({name} in {clip})"
    return None


def _options(scenario: Scenario, n_classes: int) -> dict[str, Any]:
    """Parameters as sed_scores_eval names them; a class alone has no cross-triggers."""
    crossing = scenario.alpha_ct > 0 and n_classes > 1
    return {
        "dtc_threshold": scenario.dtc,
        "gtc_threshold": scenario.gtc,
        "cttc_threshold": scenario.cttc if crossing else None,
        "alpha_ct": scenario.alpha_ct if crossing else 0.0,
        "alpha_st": scenario.alpha_st,
        "max_efpr": scenario.max_efpr,
    }


def _tables(
    aligned: AlignedScores[FrameScores], settings: Settings, labels: list[int]
) -> dict[str, Any]:
    """{clip: table of filtered scores} of the classes that have events."""
    from sed_scores_eval.base_modules.scores import create_score_dataframe

    frames, classes = aligned.scores, aligned.truth.classes
    windows = settings.windows_of(len(classes))
    lines = np.stack([frames.filtered(label, windows[label]) for label in labels], axis=1)
    tables = {}
    for name, first, count in zip(frames.filenames, frames.first, frames.n_frames, strict=True):
        slots = slice(int(first), int(first + count))
        times = frames.time[slots.start : slots.stop + 1]
        tables[name] = create_score_dataframe(
            lines[slots].astype(np.float64), times, [classes[label] for label in labels]
        )
    return tables


def _events(aligned: AlignedScores[FrameScores]) -> dict[str, list[tuple[float, float, str]]]:
    """{clip: [(onset, offset, class)]} of the clips that are judged."""
    truth = aligned.truth
    found: dict[str, list[tuple[float, float, str]]]
    found = {name: [] for name in aligned.scores.filenames}
    for clip, label, onset, offset in zip(
        *(column.tolist() for column in (truth.events.clip, truth.events.label)),
        *(column.tolist() for column in (truth.events.onset, truth.events.offset)),
        strict=True,
    ):
        found[truth.filenames[clip]].append((onset, offset, truth.classes[label]))
    return found
