"""The detections that FDY-SED's authors published with their trained student."""

import pytest

from sed_core.scoring.evaluate import psds_of
from sed_core.scoring.event_tables import read_detections
from sed_core.scoring.scenarios import SCENARIOS
from sed_core.scoring.spans import spans_of_events
from tests.parity.scoring_data import devtest_truth, read_oracle

SCORES = {"psds1": 0.4464123811181, "psds2": 0.6627860598653}
"""Of psds_eval 0.5.3, run on the same detections and DESED's present annotations."""
PUBLISHED = {"psds1": 0.4465, "psds2": 0.6667}
"""In the authors' log of May 2022; which annotations those were is not known."""


def test_published_detections(reference_file):
    oracle = read_oracle(reference_file("scoring/desed2021_student/oracle.json"))
    named = oracle["values"]["student"]["classes_of_counts"]
    truth = devtest_truth(reference_file, [name for name in named if name != "WORLD"])
    points = reference_file("scoring/fdy_student/operating_points.tsv")
    tables = read_detections(points, truth).tables
    assert len(tables) == 50
    spans = spans_of_events(tables, len(truth.classes))
    for name, expected in SCORES.items():
        score = psds_of(spans, truth, SCENARIOS[name], "dcase2022")
        assert score.value == pytest.approx(expected, abs=1e-9), name
        assert score.value == pytest.approx(PUBLISHED[name], abs=5e-3), name
