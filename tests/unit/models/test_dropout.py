import pytest
import torch

from sed_core.models.dropout import Dropout, dropout, keep_bits, unpack


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.8])
def test_values_are_kept_with_the_right_probability_and_independently(p):
    torch.manual_seed(0)
    count = 400_003
    keep = unpack(keep_bits(count, p), count).double()
    assert keep.shape == (count,)
    deviation = (p * (1 - p) / count) ** 0.5
    assert abs(keep.mean() - (1 - p)) < 4 * deviation
    for lag in (1, 7, 8, 64):
        together = (keep[:-lag] * keep[lag:]).mean()
        assert abs(together - (1 - p) ** 2) < 5e-3


@pytest.mark.parametrize("p", [0.5, 0.25])
def test_the_seed_decides(p):
    x = torch.ones(2, 3, 5, 7)
    torch.manual_seed(4)
    first = dropout(x, p)
    second = dropout(x, p)
    torch.manual_seed(4)
    assert torch.equal(dropout(x, p), first)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("shape", [(4, 8, 5, 6), (4, 50, 16)])
@pytest.mark.parametrize("p", [0.5, 0.2])
def test_kept_values_are_scaled(shape, p):
    x = torch.rand(shape) + 1.0
    out = dropout(x, p)
    assert out.shape == x.shape
    kept = out != 0
    assert torch.allclose(out[kept], x[kept] / (1 - p))
    assert 0 < kept.sum() < kept.numel()


def test_layer_drops_only_while_training():
    x = torch.rand(2, 3, 4)
    layer = Dropout(0.5)
    assert layer.eval()(x) is x
    assert bool((layer.train()(x) == 0).any())
    assert torch.equal(Dropout(0.0)(x), x)
    assert bool((Dropout(1.0)(x) == 0).all())


@pytest.mark.parametrize("p", [0.0625, 0.25, 0.375, 0.5, 0.75, 0.9375, 0.2])
def test_bits_have_the_asked_probability(p):
    torch.manual_seed(3)
    kept = unpack(keep_bits(200_000, p), 200_000).double().mean().item()
    assert kept == pytest.approx(1 - p, abs=4 * (p * (1 - p) / 200_000) ** 0.5)
