import numpy as np
import pytest

from sed_core.reporting.confusion import cross_triggers
from sed_core.reporting.gallery import choose, log_mel, wav
from sed_core.reporting.label_statistics import statistics, table
from sed_core.scoring.events import make_events
from sed_core.scoring.ground_truth import GroundTruth

CLASSES = ["Cat", "Dog", "Speech"]
#                     clip  label on   off
EVENTS = [
    (0, 0, 1.0, 3.0),
    (0, 2, 2.0, 5.0),
    (1, 2, 0.0, 10.0),
    (2, 1, 4.0, 12.0),
]


def events(rows):
    return make_events(*zip(*rows, strict=True))


@pytest.fixture
def truth() -> GroundTruth:
    names = [f"{n}.wav" for n in range(4)]
    return GroundTruth(names, np.full(4, 10.0), CLASSES, events(EVENTS))


def test_counts_lengths_and_pairs(truth):
    part = statistics(truth)
    assert (part.clips, part.empty) == (4, 1)
    assert part.events.tolist() == [1, 1, 2]
    assert part.seconds[2].tolist() == [3.0, 10.0]
    assert part.together.tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 2]]


def test_polyphony_is_a_share_of_the_time(truth):
    # one event: 1-2, 3-5 of the first clip, all of the second, 4-10 of the third; two: 2-3
    np.testing.assert_allclose(statistics(truth).polyphony, [20 / 40, 19 / 40, 1 / 40])


def test_table_adds_up(truth):
    made = table({"devtest": statistics(truth)}, {"weak": np.array([5, 0, 1000])}, CLASSES)
    assert made.rows[-1] == ["all", "4", "1,005"]
    assert "1 of them without any event" in made.notes[0]


def test_matrix_of_what_was_taken_for_what(truth):
    heard = events([(0, 0, 1.0, 3.0), (1, 1, 0.0, 9.0), (3, 0, 0.0, 1.0)])
    matrix = cross_triggers(heard, truth)
    # Cat found; Speech of the second clip taken for Dog; the last detection lies on nothing
    assert matrix.tolist() == [[1, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 2]]


def test_the_best_the_worst_and_the_typical_clip(truth):
    heard = events([(0, 0, 1.0, 3.0), (0, 2, 2.0, 5.0), (1, 2, 0.0, 10.0), (1, 0, 0.0, 1.0)])
    shown = [(one.clip, one.why, round(one.f1, 2)) for one in choose(heard, truth, each=1)]
    assert shown == [(0, "found well", 1.0), (1, "typical", 0.67), (2, "found badly", 0.0)]


def test_a_tone_lies_where_it_should_in_the_picture():
    rate = 16000
    tone = (0.25 * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)).astype(np.float32)
    picture = log_mel(tone, rate)
    band = picture[:, 40].argmax()
    mel = 2595 * np.log10(1 + 1000 / 700) / (2595 * np.log10(1 + 8000 / 700))
    assert band == pytest.approx(mel * 97 - 1, abs=1)
    assert picture.max() == 0
    assert wav(tone, rate)[:4] == b"RIFF"
