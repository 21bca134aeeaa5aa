"""The native recurrence against `nn.GRU` in float64."""

import copy

import pytest
import torch
from torch import nn

from sed_core.models.native.gru import is_native, native_gru

pytestmark = pytest.mark.skipif(
    not is_native(torch.zeros(1, 1, 1), nn.GRU(1, 4, bidirectional=True)), reason="no C compiler"
)


def gru(cells: int, layers: int = 2, dropout: float = 0.0, ways: int = 2) -> nn.GRU:
    torch.manual_seed(0)
    return nn.GRU(6, cells, layers, batch_first=True, bidirectional=ways == 2, dropout=dropout)


@pytest.mark.parametrize("ways", [1, 2])
@pytest.mark.parametrize(("cells", "clips"), [(4, 1), (8, 3), (16, 17), (20, 5), (32, 9)])
def test_output_and_gradients(cells, clips, ways):
    single = gru(cells, ways=ways)
    double = copy.deepcopy(single).double()
    x, weights = torch.randn(clips, 11, 6), torch.randn(clips, 11, ways * cells)
    x_single, x_double = x.clone().requires_grad_(), x.double().requires_grad_()
    ours, theirs = native_gru(x_single, single), double(x_double)[0]
    assert torch.allclose(ours.double(), theirs, atol=2e-6)
    (ours * weights).sum().backward()
    (theirs * weights.double()).sum().backward()
    assert torch.allclose(x_single.grad.double(), x_double.grad, atol=1e-5)
    for name, parameter in single.named_parameters():
        expected = double.get_parameter(name).grad
        error = (parameter.grad.double() - expected).norm() / expected.norm()
        assert error < 1e-5, name


def test_saturated_gates_stay_finite():
    single = gru(8, layers=1)
    x = torch.tensor([1e4, -1e4, 1e30, -1e30, 0.0, 3.0]).repeat(2, 4, 1)
    assert torch.allclose(native_gru(x, single), single(x)[0], atol=1e-6)


def test_gradients_that_fade_become_zero_and_never_subnormal():
    single = gru(8, layers=1)
    x = torch.randn(2, 600, 6, requires_grad=True)
    native_gru(x, single)[:, -1].sum().backward()
    size = x.grad.abs()
    assert size[:, -1].min() > 0 and not size[:, 0].any()
    assert not ((size > 0) & (size < torch.finfo(torch.float32).tiny)).any()
    x.grad = None
    (native_gru(x, single)[:, -1].sum() * float("nan")).backward()
    assert x.grad[:, -1].isnan().all()


def test_dropout_between_layers_only_while_training():
    network = gru(8, dropout=0.5)
    x = torch.randn(2, 5, 6)
    assert torch.allclose(native_gru(x, network.eval()), network(x)[0], atol=1e-6)
    network.train()
    assert not torch.equal(native_gru(x, network), native_gru(x, network))


def test_what_does_not_serve():
    assert not is_native(torch.zeros(1, 1, 6, dtype=torch.float64), gru(8))
    assert not is_native(torch.zeros(1, 1, 6), gru(8).double())
    assert not is_native(torch.zeros(1, 1, 6), gru(6))
