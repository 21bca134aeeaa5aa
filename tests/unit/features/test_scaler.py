import numpy as np
import pytest
import torch

from sed_core.features.scaler import Scaler
from sed_core.runtime.errors import SedError

FEATURES = torch.from_numpy(np.random.default_rng(0).normal(-20, 12, (6, 4, 9)).astype(np.float32))


def test_instance_minmax_spans_zero_to_one_clip_by_clip():
    scaled = Scaler()(FEATURES)
    assert torch.allclose(scaled.amin((1, 2)), torch.zeros(6))
    assert torch.allclose(scaled.amax((1, 2)), torch.ones(6))
    assert bool((Scaler()(torch.full((1, 4, 9), -50.0)) == 0).all())


def test_another_range():
    """That of 2024, whose networks do not know the other."""
    assert torch.equal(Scaler(limits=(-1, 1))(FEATURES), 2 * Scaler()(FEATURES) - 1)


def test_ranges_of_bands_over_the_batch():
    """FDY-SED's: a band spans 0 to 1 in a batch, so a clip's scaling depends on its neighbours."""
    scaler = Scaler(dims=(0, 2))
    scaled = scaler(FEATURES)
    assert torch.allclose(scaled.amin((0, 2)), torch.zeros(4))
    assert torch.allclose(scaled.amax((0, 2)), torch.ones(4))
    assert not torch.allclose(scaler(FEATURES[:2]), scaled[:2])


def test_a_floor_leaves_small_ranges_small():
    """Loud clips are scaled as without it; what spans 5 dB becomes a tenth of the range of 50."""
    loud, faint = 3 * FEATURES, FEATURES[:1] / 20
    assert bool(((loud.amax((1, 2)) - loud.amin((1, 2))) > 50).all())
    floored = Scaler(min_range_db=50)
    assert torch.equal(floored(loud), Scaler()(loud))
    assert torch.allclose(floored(faint) * 50, faint - faint.amin(), atol=1e-4)


def test_instance_standard_and_mean():
    standard = Scaler(normtype="standard")(FEATURES)
    assert torch.allclose(standard.std((1, 2)), torch.ones(6), atol=1e-5)
    mean = Scaler(normtype="mean", dims=(2,))(FEATURES)
    assert torch.allclose(mean.mean(2), torch.zeros(6, 4), atol=1e-5)


def test_none_leaves_the_features():
    assert Scaler(statistic="none")(FEATURES) is FEATURES


@pytest.mark.parametrize("dims", [(1, 2), (2,)])
@pytest.mark.parametrize("sizes", [(6,), (2, 4), (1, 1, 3, 1)])
def test_dataset_statistics_do_not_depend_on_the_batches(dims, sizes):
    scaler = Scaler(statistic="dataset", normtype="standard", dims=dims)
    scaler.fit(iter(FEATURES.split(sizes)))
    axes = (0, *dims)
    wide = FEATURES.numpy().astype(np.float64)
    mean, deviation = wide.mean(axes, keepdims=True), wide.std(axes, keepdims=True)
    assert np.allclose(scaler(FEATURES).numpy(), (wide - mean) / deviation, atol=1e-4)


def test_dataset_statistics_are_stored_and_loaded():
    fitted = Scaler(statistic="dataset", normtype="mean", dims=(2,)).fit([FEATURES])
    state = fitted.state_dict()
    assert set(state) == {"mean", "mean_squared"}
    fresh = Scaler(statistic="dataset", normtype="mean", dims=(2,))
    fresh.load_state_dict(state)
    assert torch.equal(fresh(FEATURES), fitted(FEATURES))
    assert not Scaler().fit([FEATURES]).state_dict()


def test_dataset_scaler_must_be_fitted():
    scaler = Scaler(statistic="dataset", normtype="standard")
    with pytest.raises(SedError, match="fit it before use"):
        scaler(FEATURES)
    with pytest.raises(SedError, match="no clips"):
        scaler.fit([])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"statistic": "dataset"}, "'dataset' does not go with scaler.normtype 'minmax'"),
        ({"statistic": "clip"}, "scaler.statistic is 'clip'"),
        ({"normtype": "max"}, "scaler.normtype is 'max'"),
    ],
)
def test_mistakes(options, message):
    with pytest.raises(SedError, match=message):
        Scaler(**options)
