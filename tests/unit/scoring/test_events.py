import numpy as np
import pytest

from sed_core.runtime.errors import SedError
from sed_core.scoring.events import make_events, microseconds, read_events, write_events

FILES, CLASSES = ["a.wav", "b.wav"], ["Cat", "Dog, bark"]
HEADER = "event_label\tonset\toffset\tfilename\n"


def read(tmp_path, text):
    path = tmp_path / "events.tsv"
    path.write_text(text)
    return read_events(path, FILES, CLASSES)


def test_events_are_sorted_and_cleaned():
    events = make_events([1, 0, 0, 0], [0, 1, 1, 0], [0, 2, 2, 5], [1, 3, 3, 5])
    assert events.clip.tolist() == [0, 1]
    assert events.label.tolist() == [1, 0]
    assert events.onset.tolist() == [2, 0]
    assert (events.clip.dtype, events.label.dtype) == (np.int32, np.int16)


def test_written_events_are_read_back(tmp_path):
    events = make_events([0, 1], [1, 0], [9 * 0.064, 0], [1.5, 0.064])
    path = tmp_path / "events.tsv"
    write_events(path, events, FILES, CLASSES)
    assert path.read_text().splitlines()[1] == "Dog, bark\t0.576\t1.5\ta.wav"
    back = read_events(path, FILES, CLASSES)
    assert back.label.tolist() == [1, 0]
    np.testing.assert_allclose(back.onset, events.onset, atol=1e-9)


def test_no_detection_is_no_mistake(tmp_path):
    assert len(read(tmp_path, HEADER)) == 0


def test_other_columns_and_their_order_do_not_matter(tmp_path):
    events = read(tmp_path, "filename\tindex\toffset\tonset\tevent_label\nb.wav\t1\t2\t1\tCat\n")
    assert (events.clip[0], events.onset[0], events.offset[0]) == (1, 1, 2)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("Cat\t1\t2\tz.wav\n", r"row 2: filename 'z.wav' is not among the clips"),
        ("Cat\t1\t2\ta.wav\nCow\t1\t2\ta.wav\n", r"row 3: event_label 'Cow' is not among"),
        ("Cat\t2\t1\ta.wav\n", r"row 2: the event ends \(1 s\) before it starts \(2 s\)"),
        ("Cat\tx\t1\ta.wav\n", r"row 2: onset is 'x'; expected seconds"),
        ("Cat\t1\t\ta.wav\n", r"row 2: offset is ''; expected seconds"),
        ("Cat\t-1\t1\ta.wav\n", r"row 2: the onset -1 s lies before"),
        ("Cat\t1\t3\ta.wav\nCat\t2\t4\ta.wav\n", r"two Cat events overlap in a.wav"),
        ("Cat\t1\t2\ta.wav\tx\n", r"row 2: 5 fields"),
    ],
)
def test_mistakes_are_named(tmp_path, rows, message):
    with pytest.raises(SedError, match=message):
        read(tmp_path, HEADER + rows)


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(SedError, match=r"events\.tsv, row 1: no column offset"):
        read(tmp_path, "event_label\tonset\tfilename\nCat\t1\ta.wav\n")


def test_microseconds_make_decimal_times_whole():
    assert microseconds([9 * 0.064, 0.1 + 0.2]).tolist() == [576000, 300000]
