"""Alignment in time: interpolation where the target is finer, pooling where it is coarser."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sed_core.features.embeddings.alignment import time_weights

grids = st.tuples(st.integers(2, 60), st.floats(0.01, 0.5), st.floats(-0.2, 0.2)).map(
    lambda g: g[2] + g[1] * np.arange(g[0])
)


def test_finer_target_is_linear_interpolation():
    source, target = np.arange(10) * 0.1 + 0.05, np.arange(40) * 0.03
    values = np.random.default_rng(0).standard_normal((3, 10))
    expected = [np.interp(target, source, row) for row in values]
    np.testing.assert_allclose(values @ time_weights(source, target), expected, atol=1e-5)


def test_coarser_target_pools_what_lies_around_it():
    source, target = np.arange(100) * 0.01, np.array([0.3, 0.5])
    weights = time_weights(source, target)
    assert (weights[:, 0] > 1e-6).sum() == 39  # a triangle of half width 0.2 s
    np.testing.assert_allclose(source @ weights, target, atol=1e-6)


@given(grids, grids)
def test_weights_are_a_mean(source, target):
    weights = time_weights(source, target)
    assert weights.shape == (len(source), len(target)) and (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(0), 1.0, atol=1e-5)
