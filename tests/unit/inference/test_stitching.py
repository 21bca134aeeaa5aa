"""Recordings of any length: windows, and one line of scores from theirs."""

from itertools import pairwise

import numpy as np
import pytest

from sed_core.data.labels import FrameGrid
from sed_core.inference.stitching import JOINS, Stitcher, weights
from sed_core.inference.windows import Windows

GRIDS = [
    FrameGrid(sample_rate=100, hop_length=4, pooling=2, clip_seconds=1.04),  # 13 frames of 0.08 s
    FrameGrid(sample_rate=100, hop_length=5, pooling=2, clip_seconds=2),
]
REALDESED = FrameGrid(sample_rate=16000, hop_length=160, pooling=4, clip_seconds=10)


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def heard(windows: Windows, samples: np.ndarray, network) -> tuple[np.ndarray, np.ndarray]:
    """Strong and weak scores of a recording, from a network that maps samples to (T, C)."""
    stitcher, size = Stitcher(windows.join), windows.grid.n_samples
    pieces = []
    for window in windows.split([len(samples)]):
        piece = samples[window.start :][:size]
        strong = network(np.pad(piece, (0, size - len(piece))))
        pieces.append(stitcher.add(window, strong, strong.max(0)))
    for earlier, later in pairwise(pieces):
        assert later.frame == earlier.frame + len(earlier.strong)
        assert earlier.weak is None
    return np.concatenate([piece.strong for piece in pieces]), pieces[-1].weak


@pytest.mark.parametrize("join", JOINS)
@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("hop", [0.3, 0.5, 1.0])
def test_a_stream_is_cut_as_a_recording_of_known_length(join, grid, hop):
    windows = Windows(grid, join, hop)
    rng = np.random.default_rng(1)
    for n_samples in [1, *range(90, 140), *range(190, 450, 7), 1000]:
        samples = rng.random(n_samples, dtype=np.float32)
        borders = np.sort(rng.integers(0, n_samples + 1, 5))
        found = list(windows.cut(np.split(samples, borders)))
        assert [window for window, _ in found] == windows.split([n_samples])
        for window, piece in found:
            expected = samples[window.start :][: grid.n_samples]
            assert np.array_equal(piece[: len(expected)], expected)
            assert len(piece) == grid.n_samples and not piece[len(expected) :].any()


@pytest.mark.parametrize("join", JOINS)
@pytest.mark.parametrize("grid", GRIDS)
def test_every_frame_gets_scores_of_its_own_time(join, grid):
    """A network that tells how loud each frame is, which is the same in every window."""

    def network(samples):
        line = np.zeros(grid.n_frames * grid.frame_samples)
        whole = samples[: len(line)]
        line[: len(whole)] = whole
        return line.reshape(grid.n_frames, -1).mean(1)[:, None] * 0.8 + 0.1

    rng = np.random.default_rng(2)
    for more in (1, 20, 33):
        n_samples = grid.n_samples + more * grid.frame_samples
        loud = np.repeat(rng.random(n_samples), grid.frame_samples)[:n_samples]
        strong, weak = heard(Windows(grid, join), loud, network)
        expected = loud[:: grid.frame_samples] * 0.8 + 0.1
        whole = n_samples // grid.frame_samples
        assert whole <= len(strong) <= whole + 1
        assert np.abs(strong[:whole, 0] - expected[:whole]).max() < 1e-6
        assert weak[0] == pytest.approx(expected[:whole].max())


def test_how_windows_meet():
    """Two windows of four frames that share two; then a third."""
    grid = FrameGrid(sample_rate=4, hop_length=1, pooling=1, clip_seconds=0.75)
    assert grid.n_frames == 4
    scores = [np.full((4, 1), value) for value in (0.2, 0.8, 0.4)]
    found = {}
    for join in JOINS:
        stitcher, windows = Stitcher(join), Windows(grid, join).split([7])
        assert [window.start for window in windows[:3]] == [0, 2, 4]
        pieces = [
            stitcher.add(window, strong, strong[0])
            for window, strong in zip(windows, [*scores, scores[2]], strict=False)
        ]
        found[join] = np.concatenate([piece.strong[:, 0] for piece in pieces]).round(3).tolist()
    assert found["centre"] == [0.2, 0.2, 0.2, 0.8, 0.8, 0.4, 0.4, 0.4]
    assert found["maximum"] == [0.2, 0.2, 0.8, 0.8, 0.8, 0.8, 0.4]
    inner, outer = weights(4)[2], weights(4)[0]
    assert (outer, round(inner, 4)) == (0.3, 0.7667)
    logit = np.log(4)
    third = sigmoid((-inner * logit + outer * logit) / (inner + outer))
    assert found["mean"][:3] == [0.2, 0.2, round(third, 3)]


@pytest.mark.parametrize("join", JOINS)
def test_one_window_is_not_touched(join):
    """The scores of a clip as long as the networks' are their own bytes."""
    strong = np.random.default_rng(3).random((REALDESED.n_frames, 2), np.float32)
    for n_samples in (REALDESED.n_samples, REALDESED.n_samples + 319):
        (window,) = Windows(REALDESED, join).split([n_samples])
        piece = Stitcher(join).add(window, strong, strong[0])
        assert piece.strong.tobytes() == strong.tobytes()
    assert len(Windows(REALDESED, join).starts(REALDESED.n_samples + 320)) > 1
