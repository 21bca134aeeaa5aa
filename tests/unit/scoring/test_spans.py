import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sed_core.scoring.decode import decode
from sed_core.scoring.spans import score_tree, spans_of_events

scores = arrays(np.float32, (2, 7, 2), elements=st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.8]))


def at_point(spans, label, point):
    """(clip, onset, offset) of a class at an operating point."""
    here = (spans.label == label) & (spans.born <= point) & (point < spans.died)
    return sorted(
        zip(
            spans.clip[here].tolist(),
            spans.edge_time[spans.begin[here]].tolist(),
            spans.edge_time[spans.end[here]].tolist(),
            strict=True,
        )
    )


def decoded(values, label, threshold, n_frames):
    events = decode(values, threshold, frame_seconds=0.5, n_frames=n_frames)
    here = events.label == label
    return sorted(
        zip(*(getattr(events, n)[here].tolist() for n in ("clip", "onset", "offset")), strict=True)
    )


@given(scores, st.tuples(st.integers(1, 7), st.integers(1, 7)))
@settings(max_examples=100, deadline=None)
def test_spans_at_a_point_are_the_events_at_its_threshold(values, lengths):
    lengths = np.array(lengths)
    tree = score_tree(values, frame_seconds=0.5, n_frames=lengths)
    thresholds = np.array([0.1, 0.2, 0.5, 0.7])
    spans = tree.at_thresholds(thresholds)
    for label in range(2):
        for point, threshold in enumerate(thresholds[::-1]):
            expected = decoded(values, label, threshold, lengths)
            assert at_point(spans, label, point) == expected
    every = tree.at_every_score()
    for label in range(2):
        valid = np.arange(7) < lengths[:, None]
        levels = np.unique(values[..., label][valid])[::-1]
        assert every.n_points[label] <= len(levels)  # some scores change nothing
        for level in levels:
            found = decoded(values, label, np.nextafter(level, np.float32(-1)), lengths)
            tree_levels = np.unique(tree.high[tree.label == label])[::-1]
            point = np.flatnonzero(tree_levels >= level)[-1]
            assert at_point(every, label, point) == found


def test_runs_of_a_signal_with_two_peaks():
    tree = score_tree(np.array([[[0.1], [0.9], [0.3], [0.3], [0.7]]]), frame_seconds=1.0)
    runs = {
        (float(high), float(low)): (int(begin), int(end))
        for high, low, begin, end in zip(tree.high, tree.low, tree.begin, tree.end, strict=True)
    }
    assert runs == {
        (0.9, 0.3): (1, 2),
        (0.7, 0.3): (4, 5),
        (0.3, 0.1): (1, 5),
        (0.1, -np.inf): (0, 5),
    }


def test_event_tables_live_for_one_point_each(truth, detections):
    spans = spans_of_events([detections, truth.events], 3)
    assert spans.n_points.tolist() == [2, 2, 2]
    dogs = [(0, 4.0, 9.0), (2, 2.0, 9.984)]
    assert at_point(spans, 1, 1) == dogs
    assert at_point(spans, 1, 0) == [(0, 4.5, 9.0), (2, 2.0, 9.984)]


def test_clip_numbers_are_carried():
    tree = score_tree(np.ones((2, 3, 1)), frame_seconds=1.0, clips=np.array([7, 4]))
    assert tree.at_every_score().clip.tolist() == [7, 4]
