"""Windows of long recordings: DCASE 2024's counts and names, and events in them."""

import pandas as pd
import pytest

from sed_core.data.recording_windows import (
    RecordingWindow,
    cut_events,
    recording_durations,
    windows_of,
)
from sed_core.runtime.errors import SedError


@pytest.mark.parametrize(
    ("seconds", "hop", "count", "last"),
    [
        (31.3, 1, 23, (22, 31.3)),  # 22 whole ones, as int((31.3 - 10 + 1) / 1), and the rest
        (23, 1, 14, (13, 23)),
        (23, 5, 4, (15, 23)),
        (10, 5, 1, (0, 10)),
        (4.5, 1, 1, (0, 4.5)),
    ],
)
def test_windows_end_with_the_recording(seconds, hop, count, last):
    found = windows_of("a.wav", seconds, length=10, hop=hop)
    assert len(found) == count
    assert (found[-1].start, found[-1].end) == last
    assert all(window.end - window.start == 10 for window in found[:-1])


def test_a_name_tells_the_window():
    window = RecordingWindow("metro-station_07", 12, 21.37)
    assert window.filename == "metro-station_07-001200-002137.wav"
    assert RecordingWindow.named(window.filename) == window
    names = [window.filename, "metro-station_07-000000-001000.wav", "cafe-000000-000450.wav"]
    assert recording_durations(names) == {"metro-station_07": 21.37, "cafe": 4.5}
    with pytest.raises(SedError, match=r"not the name of a window.*window_hop"):
        RecordingWindow.named("cafe.wav")


def test_events_are_cut_with_their_windows():
    events = pd.DataFrame(
        {
            "filename": ["a.wav", "a.wav", "b.wav"],
            "onset": [11.0, 4.0, 0.0],
            "offset": [12.0, 6.5, 2.0],
            "event_label": ["car", "dog", "car"],
            "confidence": [0.7, 0.3, 1.0],
        }
    )
    names = [window.filename for window in windows_of("a.wav", 15, length=10, hop=5)]
    cut = cut_events(events, names)
    assert list(cut.columns) == list(events.columns)
    assert cut.values.tolist() == [
        [names[0], 4.0, 6.5, "dog", 0.3],
        [names[1], 0.0, 1.5, "dog", 0.3],
        [names[1], 6.0, 7.0, "car", 0.7],
    ]
