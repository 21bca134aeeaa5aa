"""42 small tables with an edge each: our value is a library's value, or the difference is named.

`REFUSED`: we end with a sentence. `DIFFERENT`: the libraries whose value is not ours, and ours.
Everything that is in neither must agree, value by value.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sed_core.runtime.errors import SedError
from sed_core.scoring.evaluate import F1_METRICS, psds_of
from sed_core.scoring.events import Events, read_events
from sed_core.scoring.f1 import F1
from sed_core.scoring.ground_truth import GroundTruth, read_ground_truth
from sed_core.scoring.scenarios import SCENARIOS
from sed_core.scoring.spans import Spans, score_tree, spans_of_events
from tests.parity.scoring_data import read_oracle

TOLERANCE = 2e-6
FRAME = 0.004  # s; all times of the cases are multiples

LIBRARY = {
    "dcase2022": {
        "intersection_f1": "psds_eval.intersection_f1",
        "collar_f1": "sed_eval.event_based",
        "segment_f1": "sed_eval.segment_based",
    },
    "sed_scores_eval": {name: f"sed_scores_eval.{name}" for name in F1_METRICS},
}

REFUSED = {
    "gt_overlap_same_class": "two Dog events overlap in a.wav (from 4 s and from 8 s)",
    "gt_contained_same_class": "two Dog events overlap in a.wav (from 4 s and from 5 s)",
    "det_overlap_same_class": "two Dog events overlap in a.wav (from 4.5 s and from 8 s)",
    "gt_offset_before_onset": "row 7: the event ends (8.0 s) before it starts (9.0 s)",
    "det_offset_before_onset": "the event ends (8.0 s) before it starts (9.0 s)",
    "gt_negative_onset": "row 7: the onset -0.5 s lies before the start of the clip",
    "unknown_clip_in_predictions": "filename 'z.wav' is not among the clips to be scored",
    "missing_duration": "row 6: filename 'c.wav' is not among the clips",
    "conflicting_duration_rows": "row 6: a.wav is there with two durations",
    "unknown_label_in_gt": "row 7: event_label 'Zebra' is not among the classes",
}
_SSE = "sed_scores_eval"
_ABSENT = "a class without ground truth is left out, where sed_scores_eval refuses"
_DUPLICATE = "exact duplicates and events without length are dropped before anything is counted"
_MISSING = "clips of an event table cannot be missing, where sed_scores_eval refuses"
DIFFERENT: dict[str, tuple[str, dict[str, float]]] = {
    "no_event_clip_only_in_durations": (
        "detections in a clip that only the durations name are false positives; sed_eval evaluates "
        "the files of the ground truth only",
        {"sed_eval.event_based": 0.579365, "sed_eval.segment_based": 0.777778},
    ),
    "class_absent_in_gt_no_det": (_ABSENT, dict.fromkeys([f"{_SSE}.psds1", f"{_SSE}.psds2"], 0.94)),
    "class_absent_in_gt_with_det": (
        _ABSENT,
        dict.fromkeys([f"{_SSE}.psds1", f"{_SSE}.psds2"], 0.94),
    ),
    "unknown_label_in_det": (_ABSENT, {f"{_SSE}.psds1": 0.94, f"{_SSE}.psds2": 0.382187}),
    "empty_ground_truth": (
        "nothing to find gives 0 and all classes undefined, where the libraries end in an error",
        dict.fromkeys((f"{lib}.psds{n}" for lib in ("psds_eval", _SSE) for n in (1, 2)), 0.0),
    ),
    "gt_touching_same_class": (
        "events that share a border stay two, as in psds_eval",
        {f"{_SSE}.psds1": 0.687849, f"{_SSE}.psds2": 0.411235},
    ),
    "gt_zero_length": (
        _DUPLICATE,
        {
            "sed_eval.event_based": 0.611111,
            f"{_SSE}.intersection_f1": 0.777778,
            f"{_SSE}.collar_f1": 0.611111,
        },
    ),
    "det_zero_length": (_DUPLICATE, {"sed_eval.event_based": 0.611111}),
    "duplicate_det_row": (_DUPLICATE, {"sed_eval.event_based": 0.611111}),
    "duplicate_gt_row": (
        _DUPLICATE,
        {
            "psds_eval.psds2": 0.382187,
            "sed_eval.event_based": 0.611111,
            f"{_SSE}.psds1": 0.94,
            f"{_SSE}.psds2": 0.382187,
        },
    ),
    "missing_clip_in_predictions": (
        _MISSING,
        {f"{_SSE}.psds1": 0.561773, f"{_SSE}.psds2": 0.375977},
    ),
    "nan_score": (
        "an event table has no NaN; scores that are not finite are refused on reading",
        {f"{_SSE}.segment_f1": 0.793651},
    ),
}


@pytest.fixture(scope="module")
def oracle(reference_file):
    return read_oracle(reference_file("scoring/edge_cases/oracle.json"))


@dataclass
class Case:
    """One case written to files and read by our readers."""

    spec: dict[str, Any]
    columns: dict[str, list[str]]
    folder: Path

    def write(self, name: str, rows: list[list[Any]]) -> Path:
        path = self.folder / f"{name}.tsv"
        cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
        path.write_text("\n".join("\t".join(row) for row in [self.columns[name], *cells]) + "\n")
        return path

    def truth(self) -> GroundTruth:
        events = self.write("gt", self.spec["gt"])
        return read_ground_truth(
            events, self.write("durations", self.spec["durations"]), self.spec["classes"]
        )

    def detections(self, truth: GroundTruth, threshold: float) -> Events:
        rows = [row for row in self.spec["detections"] if row[4] > threshold]
        return read_events(self.write("detections", rows), truth.filenames, truth.classes)

    def scores(self, truth: GroundTruth) -> Spans:
        """Scores that are a detection's confidence where it is, else 0; all thresholds."""
        lengths = [1 if n == "filler.wav" else math.ceil(round(d / FRAME, 6))
                   for n, d in zip(truth.filenames, truth.durations, strict=True)]  # fmt: skip
        scores = np.zeros((len(lengths), 4000, len(truth.classes)))
        for name, onset, offset, label, confidence in self.spec["detections"]:
            clip, column = truth.filenames.index(name), truth.classes.index(label)
            active = scores[clip, round(onset / FRAME) : round(offset / FRAME), column]
            np.maximum(active, confidence, out=active)
            lengths[clip] = max(lengths[clip], round(offset / FRAME))
        tree = score_tree(scores, frame_seconds=FRAME, n_frames=np.array(lengths))
        return tree.at_every_score()


def differs(ours: F1 | float, theirs: Any) -> bool:
    """Whether a value is not that of a library; a library's NaN is an undefined class for us."""
    if not isinstance(ours, F1):
        value = theirs["psds"] if isinstance(theirs, dict) else theirs
        return abs(ours - value) > TOLERANCE
    pairs = [(ours.macro, theirs["macro_f1"])]
    if "micro_f1" in theirs:
        pairs.append((ours.micro, theirs["micro_f1"]))
    classes = theirs["class_wise"]
    undefined = [name for name in ours.per_class if classes.get(name) is None]
    pairs += [(value, classes[name]) for name, value in ours.per_class.items() if value is not None]
    return undefined != ours.undefined or any(
        abs((a or 0) - (b or 0)) > TOLERANCE for a, b in pairs
    )


def test_every_case_agrees_or_is_a_named_difference(oracle, tmp_path):
    unexpected, seen = {}, set()
    for name, spec in oracle["cases"].items():
        case = Case(spec, oracle["columns"], tmp_path)
        if name in REFUSED:
            with pytest.raises(SedError, match=re.escape(REFUSED[name])):
                values(case, oracle["thresholds"])
            seen.add(name)
            continue
        _, expected = DIFFERENT.get(name, ("", {}))
        for metric, ours in values(case, oracle["thresholds"]).items():
            result = spec["results"][metric]
            refused = "exception" in result
            if metric in expected:
                seen.add(name)
                number = ours.macro if isinstance(ours, F1) else ours
                assert number == pytest.approx(expected[metric], abs=TOLERANCE), (name, metric)
                assert refused or differs(ours, result["value"]), f"{name}: {metric} agrees"
            elif refused:
                # sed_scores_eval's F1 refuse what its PSDS refuse; ours then has the values above.
                assert name in DIFFERENT, (name, metric)
            elif differs(ours, result["value"]):
                unexpected[name, metric] = (ours, result["value"])
    assert unexpected == {}
    assert seen == {*REFUSED, *DIFFERENT}
    assert len(oracle["cases"]) == 42


def values(case: Case, thresholds: list[float]) -> dict[str, F1 | float]:
    """Our value for each library's."""
    truth = case.truth()
    tables = [case.detections(truth, threshold) for threshold in thresholds]
    points, every = spans_of_events(tables, len(truth.classes)), case.scores(truth)
    found: dict[str, F1 | float] = {}
    for name, scenario in SCENARIOS.items():
        found[f"psds_eval.{name}"] = psds_of(points, truth, scenario, "dcase2022").value
        found[f"sed_scores_eval.{name}"] = psds_of(every, truth, scenario, "sed_scores_eval").value
    events = case.detections(truth, 0.5)
    for convention, names in LIBRARY.items():
        for name, library in names.items():
            found[library] = F1_METRICS[name](events, truth, convention=convention)
    return found
