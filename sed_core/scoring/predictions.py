"""Other people's predictions in any of the usual forms, judged by the same metrics."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import h5py

from sed_core.data.tsv import read_table
from sed_core.runtime.errors import SedError
from sed_core.scoring.aligned_scores import align, wanted_clips
from sed_core.scoring.evaluate import Result, evaluate_points, evaluate_scores
from sed_core.scoring.event_tables import columns_of, judged, read_detections
from sed_core.scoring.events import COLUMNS
from sed_core.scoring.f1 import usual_convention
from sed_core.scoring.frames import FrameScores
from sed_core.scoring.ground_truth import GroundTruth, read_ground_truth, read_ground_truth_of
from sed_core.scoring.score_file import read_frames
from sed_core.scoring.score_folder import read_score_folder
from sed_core.scoring.score_layout import open_scores
from sed_core.scoring.settings import Settings
from sed_core.scoring.spans import spans_of_events

KINDS = ("events", "operating points", "scores", "score folder")
MEDIANS = {"scores": 7}  # HDF5 files hold raw posteriors; the others are filtered already


@dataclass(frozen=True)
class ScoringRequest:
    """What is to be scored, and how.

    Attributes:
        truth, durations: tables of the ground truth.
        classes: those that count; None: those of the scores, or of the truth for tables.
        settings: how predictions become metrics, but for the two below.
        median_window: frames; None: `MEDIANS`, else 1.
        f1_convention: None: `usual_convention` of the classes.
        allow_missing: score without the clips that have no scores.
        resampling: keep the counts that resampling needs.
    """

    truth: str | Path
    durations: str | Path
    settings: Settings
    classes: Sequence[str] | None = None
    median_window: int | Sequence[int] | None = None
    f1_convention: str | None = None
    allow_missing: bool = False
    resampling: bool = False


@dataclass(frozen=True)
class ScoredPredictions:
    """Results of one set of predictions.

    Attributes:
        kind: one of `KINDS`.
        settings: what was used.
        coverage: clips `present` and `expected`, and those `left_out` for having no events.
        truth: what the predictions were judged by.
        networks: a result each; "system" where there is no other name.
        notes: what should be known about the figures, in words.
    """

    kind: str
    settings: Settings
    coverage: dict[str, int]
    truth: GroundTruth
    networks: dict[str, Result]
    notes: list[str] = field(default_factory=list)


def kind_of(path: str | Path) -> str:
    """One of `KINDS`, by the first bytes of a file and the header of a table.

    Raises:
        SedError: the path is absent or none of these.
    """
    path = Path(path)
    if not path.exists():
        raise SedError(f"{path} does not exist; check the path of the predictions.")
    if path.is_file() and h5py.is_hdf5(path):
        return "scores"
    if path.suffix.lower() in (".h5", ".hdf", ".hdf5"):
        raise SedError(f"{path} is not an HDF5 file, though it is named so; write it again.")
    for file in sorted(path.glob("*.tsv")) if path.is_dir() else [path]:
        columns = set(columns_of(file))
        if set(COLUMNS) <= columns:
            return "operating points" if path.is_dir() or "threshold" in columns else "events"
        if {"onset", "offset"} <= columns and path.is_dir():
            return "score folder"
    raise SedError(
        f"{path} is no prediction that can be scored; expected a table with the columns "
        f"{', '.join(COLUMNS)} (and threshold, for many operating points), a folder of such TSVs, "
        "a folder with a TSV of frame scores per clip, or an HDF5 file of scores."
    )


def score_predictions(path: str | Path, request: ScoringRequest) -> ScoredPredictions:
    """Score predictions of any kind.

    Frame scores give everything; tables give PSDS on the scale of their own operating points, and
    F1 if there is one such point. Tables cannot tell a clip that was not run from one in which
    nothing was found, so only scores can have missing clips.

    Raises:
        SedError: anything that does not fit the ground truth.
    """
    kind = kind_of(path)
    median = request.median_window
    settings = replace(
        request.settings, median_window=MEDIANS.get(kind, 1) if median is None else median
    )
    if kind in ("events", "operating points"):
        return _score_tables(Path(path), kind, request, settings)
    return _score_frames(Path(path), kind, request, settings)


def _score_frames(
    path: Path, kind: str, request: ScoringRequest, settings: Settings
) -> ScoredPredictions:
    results = {}
    notes: list[str] = []
    truth: GroundTruth | None = None
    for name, frames in _networks(path, kind, request.durations):
        if truth is None:
            truth = read_ground_truth_of(
                request.truth, request.durations, frames.classes, source=path, only=request.classes
            )
            settings = _with_convention(settings, request, truth)
            left_out = sorted(set(frames.classes) - set(truth.classes))
            if left_out:
                names = ", ".join(left_out)
                notes.append(f"Left out, because --classes does not name them: {names}.")
        aligned = align(
            frames.take(truth.classes),
            truth,
            eventless_clips=settings.eventless_clips,
            allow_missing=request.allow_missing,
        )
        results[name] = evaluate_scores(aligned, settings, resampling=request.resampling)
        low, high = frames.extent()
        if low < 0 or high > 1:
            notes.append(
                f"The scores of {name} lie between {low:g} and {high:g}, no probabilities: the "
                f"thresholds of the 2022 scale and F1's {settings.threshold:g} may not suit them."
            )
    coverage = {
        "present": aligned.present,
        "expected": aligned.expected,
        "left_out": aligned.eventless,
    }
    return ScoredPredictions(kind, settings, coverage, aligned.truth, results, notes)


def _networks(path: Path, kind: str, durations: str | Path) -> Iterator[tuple[str, FrameScores]]:
    if kind == "scores":
        with open_scores(path):
            pass  # a file that is wrong is refused before any network is scored
        yield from read_frames(path)
    else:
        filenames = read_table(durations, ("filename", "duration")).filename.unique().tolist()
        yield "system", read_score_folder(path, filenames)


def _score_tables(
    path: Path, kind: str, request: ScoringRequest, settings: Settings
) -> ScoredPredictions:
    found = read_detections(
        path, read_ground_truth(request.truth, request.durations), request.classes
    )
    truth = found.truth
    settings = _with_convention(settings, request, truth)
    wanted = wanted_clips(truth, settings.eventless_clips)
    tables = judged(found.tables, wanted)
    result = evaluate_points(
        spans_of_events(tables, len(truth.classes)),
        tables[0] if len(tables) == 1 else None,
        truth,
        settings,
        resampling=request.resampling,
    )
    count = int(wanted.sum())
    coverage = {"present": count, "expected": count, "left_out": int((~wanted).sum())}
    several = "1 operating point" if len(tables) == 1 else f"{len(tables)} operating points"
    note = f"PSDS from {several}; one point is a single step of the curve, many are usual."
    return ScoredPredictions(
        kind, settings, coverage, truth, {"system": result}, [*found.notes, note]
    )


def _with_convention(settings: Settings, request: ScoringRequest, truth: GroundTruth) -> Settings:
    convention = request.f1_convention or usual_convention(truth.classes)
    return replace(settings, f1_convention=convention)
