"""A small ground truth with numbers that can be checked by hand."""

import numpy as np
import pytest

from sed_core.scoring.events import Events, make_events
from sed_core.scoring.ground_truth import GroundTruth

CLASSES = ["Cat", "Dog", "Speech"]
FILES = ["a.wav", "b.wav", "c.wav", "filler.wav"]


def table(rows) -> Events:
    """Events from rows (file, onset, offset, label)."""
    columns = list(zip(*rows, strict=True)) if rows else [[], [], [], []]
    clips = [FILES.index(name) for name in columns[0]]
    labels = [CLASSES.index(name) for name in columns[3]]
    return make_events(clips, labels, columns[1], columns[2])


TRUTH_ROWS = [
    ("a.wav", 1.0, 3.0, "Speech"),
    ("a.wav", 4.0, 9.0, "Dog"),
    ("b.wav", 0.5, 2.5, "Speech"),
    ("b.wav", 6.0, 6.8, "Cat"),
    ("c.wav", 2.0, 9.984, "Dog"),
]
DETECTION_ROWS = [
    ("a.wav", 1.1, 3.1, "Speech"),
    ("a.wav", 4.5, 9.0, "Dog"),
    ("a.wav", 7.0, 8.0, "Cat"),
    ("b.wav", 0.5, 2.4, "Speech"),
    ("b.wav", 6.1, 6.9, "Cat"),
    ("c.wav", 2.0, 9.984, "Dog"),
    ("c.wav", 0.0, 1.0, "Speech"),
    ("b.wav", 8.5, 9.5, "Speech"),
]


@pytest.fixture
def truth() -> GroundTruth:
    return GroundTruth(FILES, np.array([10.0, 10.0, 10.0, 570.0]), CLASSES, table(TRUTH_ROWS))


@pytest.fixture
def detections() -> Events:
    return table(DETECTION_ROWS)
