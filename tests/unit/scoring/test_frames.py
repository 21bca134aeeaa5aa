import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import median_filter as scipy_median

from sed_core.scoring.decode import median_filter
from sed_core.scoring.frames import blocks, from_padded
from sed_core.scoring.spans import line_tree, score_tree


def by_definition(line, window):
    """The middle of the sorted neighbours, of two the higher one, edges reflected."""
    around = np.pad(line, (window // 2, (window - 1) // 2), mode="symmetric")
    return np.sort(np.lib.stride_tricks.sliding_window_view(around, window), 1)[:, window // 2]


@pytest.mark.parametrize("window", range(1, 22))
@pytest.mark.parametrize("length", [1, 3, 10, 156])
def test_windows_of_any_size_are_those_of_scipy(length, window):
    """Which the recipes filter each class with, as a column; odd ones and even ones."""
    strong = np.random.default_rng(window).random((length, 1)).astype("f4")
    expected = scipy_median(strong, (window, 1))
    assert np.array_equal(expected[:, 0], by_definition(strong[:, 0], window))
    assert np.array_equal(median_filter(strong[None], window)[0], expected)


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=5),
    st.integers(1, 21),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_the_filter_is_that_of_every_clip_alone(lengths, window, seed):
    """Windows longer than a clip, and clips without frames, too.

    Not by scipy: 1.17 errs on 2 frames where the window has 16 or more.
    """
    strong = np.random.default_rng(seed).random((len(lengths), max(lengths), 2)).astype("f4")
    names = [str(row) for row in range(len(lengths))]
    frames = from_padded(
        strong, filenames=names, classes=["A", "B"], frame_seconds=0.1, n_frames=np.array(lengths)
    )
    chosen = names[1:] or names
    for label in range(2):
        line = frames.select(chosen).filtered(label, window)
        for name, first, length in zip(names, frames.first, lengths, strict=True):
            found = line[first : first + length]
            if name not in chosen:
                assert np.isneginf(found).all()
            elif length:
                plain = strong[int(name), :length, label]
                np.testing.assert_array_equal(found, by_definition(plain, window))
            assert np.isneginf(line[first + length])


def test_runs_are_found_block_by_block_as_all_at_once(monkeypatch):
    strong = np.random.default_rng(3).choice([0.1, 0.4, 0.8], (6, 9, 2))
    lengths = np.array([9, 0, 4, 9, 1, 7])
    grid = {"frame_seconds": 0.5, "n_frames": lengths}
    whole = score_tree(strong, **grid)
    monkeypatch.setattr("sed_core.scoring.spans._BLOCK", 5)
    parts = score_tree(strong, **grid)
    for name in ("label", "begin", "end", "high", "low"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))


def test_a_class_without_any_frame_has_no_runs():
    edges = {"edge_clip": np.zeros(2, np.int32), "edge_time": np.zeros(2)}
    tree = line_tree(np.full(2, -np.inf), label=0, n_classes=1, **edges)
    assert len(tree.at_every_score().label) == 0


@pytest.mark.parametrize("limit", [1, 40, 10_000])
def test_blocks_hold_every_clip_once_and_no_more_than_the_limit(limit):
    lengths = np.array([3, 3, 900, 3, 0, 3])
    parts = list(blocks(lengths, 2, limit))
    assert [row for part in parts for row in range(part.start, part.stop)] == list(range(6))
    for part in parts:
        size = (part.stop - part.start) * int(lengths[part].max()) * 2
        assert size <= limit or part.stop - part.start == 1
