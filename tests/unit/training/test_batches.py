import numpy as np
import pytest

from sed_core.runtime.errors import SedError
from sed_core.training.batches import BatchIndices

STRONG, WEAK, UNLABELLED = np.arange(20), np.arange(100, 107), np.arange(200, 213)


def batches(sizes=(4, 2, 3), *, parts=(STRONG, WEAK, UNLABELLED), seed=1, **options):
    return BatchIndices(parts, sizes, seed=seed, **options)


def test_an_epoch_ends_with_the_smallest_part():
    assert len(batches()) == min(20 // 4, 7 // 2, 13 // 3) == 3
    assert len(batches(sizes=(12, 12, 24), parts=[np.zeros(10000), np.zeros(1420),
               np.zeros(14412)])) == 118  # fmt: skip


def test_composition_without_replacement():
    epoch = np.array(list(batches()))
    assert epoch.shape == (3, 9)
    for part, columns in (
        (STRONG, epoch[:, :4]),
        (WEAK, epoch[:, 4:6]),
        (UNLABELLED, epoch[:, 6:]),
    ):
        assert np.isin(columns, part).all()
        assert len(np.unique(columns)) == columns.size


def test_parts_of_the_strong_share():
    """A clip may be in two of them; a part that is too small is called by what it is."""
    parts = [STRONG[:8], STRONG, WEAK, UNLABELLED]
    epoch = batches((2, 3, 2, 3), parts=parts).order(0)
    assert epoch.shape == (3, 10)
    assert np.isin(epoch[:, :2], STRONG[:8]).all() and np.isin(epoch[:, 2:5], STRONG).all()
    with pytest.raises(SedError, match="the strong part of a batch needs 9 clips but only 8"):
        batches((9, 3, 2, 3), parts=parts)


def test_every_epoch_is_another_order_of_the_seed():
    one, same, other = batches(), batches(), batches(seed=2)
    assert np.array_equal(one.order(0), same.order(0))
    assert not np.array_equal(one.order(0), one.order(1))
    assert not np.array_equal(one.order(0), other.order(0))


def test_resuming_in_the_middle_yields_the_rest_once():
    whole, rest = batches(), batches()
    whole.epoch = rest.epoch = 3
    rest.start = 2
    assert list(rest) == list(whole)[2:]
    assert list(rest) == list(whole)


def test_a_part_that_runs_out_is_shuffled_again():
    epoch = batches(steps=8).order(0)
    weak = epoch[:, 4:6]
    assert epoch.shape == (8, 9)
    for turn in (weak[:3], weak[3:6]):
        assert len(np.unique(turn)) == turn.size
    assert not np.array_equal(weak[:3], weak[3:6])


def test_processes_share_every_batch():
    whole = batches(sizes=(4, 2, 6)).order(5)
    shares = [batches(sizes=(4, 2, 6), rank=rank, world_size=2).order(5) for rank in (0, 1)]
    assert np.array_equal(shares[0], whole[:, [0, 1, 4, 6, 7, 8]])
    assert np.array_equal(shares[1], whole[:, [2, 3, 5, 9, 10, 11]])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"parts": [STRONG, WEAK[:1], UNLABELLED]}, "the weak part of a batch needs 2 clips but"),
        ({"world_size": 2}, "the unlabelled part of a batch has 3 clips, which 2 devices cannot"),
    ],
)
def test_refusals(options, sentence):
    with pytest.raises(SedError, match=sentence):
        batches(**options)
