"""Scores of long recordings against those of RealDESED's baseline, where the whole data is."""

import numpy as np
import pytest

from sed_core.data.labels import FrameGrid
from sed_core.inference.windows import Windows
from tests.unit.inference.test_stitching import heard, sigmoid

GRID = FrameGrid(sample_rate=16000, hop_length=160, pooling=4, clip_seconds=10)


def stand_in(samples: np.ndarray) -> np.ndarray:
    """What the golden network gives for each frame of 640 samples, here as posteriors."""
    frames = samples.astype(np.float64).reshape(-1, 640)
    return sigmoid(np.stack([frames.mean(1), np.abs(frames).max(1), frames[:, 0]], axis=1))


@pytest.mark.parametrize(("join", "name"), [("mean", "average"), ("maximum", "max")])
def test_stitched_scores_are_the_originals(reference, join, name):
    with np.load(reference / "realdesed/golden.npz") as golden:
        for number in range(4):
            audio, expected = (golden[f"stitch/{number}/{key}"] for key in ("audio", name))
            strong, _ = heard(Windows(GRID, join), audio, stand_in)
            logits = np.log(strong / (1 - strong)).T
            assert logits.shape == expected.shape == (3, len(audio) * 25 // 16000)
            assert np.abs(logits - expected).max() < 1e-6
