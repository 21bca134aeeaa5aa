import numpy as np
import pytest

from sed_core.runtime.errors import SedError
from sed_core.scoring.ground_truth import read_ground_truth

EVENTS = "filename\tonset\toffset\tevent_label\nb.wav\t1\t2\tDog\na.wav\t0\t1\tCat\nc.wav\t\t\t\n"
DURATIONS = "filename\tduration\nc.wav\t9.5\nb.wav\t10.0\na.wav\t10.0\nd.wav\t3.2\n"


def read(tmp_path, events=EVENTS, durations=DURATIONS, classes=None):
    (tmp_path / "truth.tsv").write_text(events)
    (tmp_path / "durations.tsv").write_text(durations)
    return read_ground_truth(tmp_path / "truth.tsv", tmp_path / "durations.tsv", classes)


def test_clips_without_events_stay(tmp_path):
    truth = read(tmp_path)
    assert truth.filenames == ["a.wav", "b.wav", "c.wav", "d.wav"]
    assert truth.durations.tolist() == [10.0, 10.0, 9.5, 3.2]
    assert truth.classes == ["Cat", "Dog"]
    assert truth.has_events.tolist() == [True, True, False, False]
    assert truth.events.clip.tolist() == [0, 1]


def test_given_classes_keep_their_order(tmp_path):
    truth = read(tmp_path, classes=["Dog", "Frog", "Cat"])
    assert truth.events.label.tolist() == [2, 0]


def test_keep_renumbers(tmp_path):
    kept = read(tmp_path).keep(np.array([False, True, True, False]))
    assert kept.filenames == ["b.wav", "c.wav"]
    assert kept.durations.tolist() == [10.0, 9.5]
    assert kept.events.clip.tolist() == [0]
    assert kept.events.label.tolist() == [1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"durations": DURATIONS.replace("c.wav\t9.5\n", "")}, r"row 4: c\.wav is not in"),
        ({"durations": DURATIONS.replace("9.5", "0")}, "row 2: the duration is '0'"),
        ({"durations": DURATIONS.replace("9.5", "x")}, "row 2: the duration is 'x'"),
        ({"durations": DURATIONS + "a.wav\t9\n"}, r"row 6: a\.wav is there with two durations"),
        ({"events": EVENTS.replace("1\t2\tDog", "3\t2\tDog")}, "row 2: the event ends"),
        ({"events": EVENTS.replace("Dog", "")}, "row 2: event_label '' is not among"),
        ({"classes": ["Cat"]}, "row 2: event_label 'Dog' is not among the classes"),
    ],
)
def test_mistakes_are_named(tmp_path, changes, message):
    with pytest.raises(SedError, match=message):
        read(tmp_path, **changes)


def test_the_same_duration_twice_is_fine(tmp_path):
    assert len(read(tmp_path, durations=DURATIONS + "a.wav\t10.0\n").filenames) == 4
