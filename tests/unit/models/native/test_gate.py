"""The fused block against its definition, the plain layers in float64."""

import copy

import pytest
import torch
from torch import Tensor, nn

from sed_core.models import cnn
from sed_core.models.cnn import CNN
from sed_core.models.native.gate import batch_moments, is_fusible

pytestmark = pytest.mark.skipif(
    not is_fusible(torch.zeros(1, 4, 2, 2), (1, 1)), reason="no C compiler"
)


def network(
    channels: int = 16,
    pooling: tuple[int, int] = (2, 2),
    dropout: float = 0.5,
    activation: str = "glu",
) -> CNN:
    torch.manual_seed(0)
    made = CNN(
        n_in_channel=3,
        nb_filters=[channels],
        kernel_size=[3],
        stride=[1],
        padding=[1],
        pooling=[pooling],
        activation=activation,
        dropout=dropout,
        batch_norm_eps=0.001,
        batch_norm_momentum=0.99,
    )
    norm = made.cnn.batchnorm0
    nn.init.normal_(norm.weight, 1.0, 0.3)
    nn.init.normal_(norm.bias, 0.0, 0.3)
    nn.init.normal_(norm.running_mean, 0.0, 0.3)
    return made


def outcome(made: CNN, x: Tensor) -> dict[str, Tensor]:
    """Output, gradients and statistics of one pass; the same seed gives the same dropout."""
    torch.manual_seed(1)
    x = x.clone().requires_grad_()
    y = made(x)
    (y * torch.linspace(-1.0, 1.0, y.numel(), dtype=y.dtype).view(y.shape)).sum().backward()
    found = {f"d {name}": p.grad for name, p in made.named_parameters()}
    found |= {name: buffer.clone() for name, buffer in made.named_buffers()}
    return {"y": y.detach(), "d x": x.grad, **found}


def assert_close(ours: dict[str, Tensor], theirs: dict[str, Tensor], tolerance: float) -> None:
    for name, expected in theirs.items():
        if name == "d cnn.conv0.bias":  # exactly zero behind batch statistics, so only noise
            continue
        error = (ours[name].double() - expected).norm() / (expected.double().norm() + 1e-9)
        assert error < tolerance, (name, float(error))


@pytest.mark.parametrize("channels", [4, 8, 12, 16, 32, 48])
@pytest.mark.parametrize(
    ("pooling", "activation"), [((2, 2), "glu"), ((1, 4), "glu"), ((3, 1), "glu"), ((3, 2), "cg")]
)
def test_training_agrees_with_the_plain_layers(monkeypatch, channels, pooling, activation):
    fused = network(channels, pooling, activation=activation)
    plain = copy.deepcopy(fused).double()
    x = torch.randn(3, 3, 23, 8)  # 23 times: pooling leaves some over
    ours = outcome(fused, x)
    assert_close(ours, outcome(plain, x.double()), 1e-5)
    monkeypatch.setattr(cnn, "is_fusible", lambda *_: False)
    again = network(channels, pooling, activation=activation)
    assert not torch.equal(outcome(again, x)["y"], ours["y"])  # another way was taken


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_other_rates_of_dropout(dropout):
    fused = network(dropout=dropout)
    x = torch.randn(2, 3, 16, 8)
    assert_close(outcome(fused, x), outcome(network(dropout=dropout).double(), x.double()), 1e-5)


@pytest.mark.parametrize("activation", ["glu", "cg"])
def test_evaluation_and_frozen_statistics(activation):
    fused = network(activation=activation).eval()
    plain = network(activation=activation).double().eval()
    x = torch.randn(2, 3, 16, 8)
    assert_close(outcome(fused, x), outcome(plain, x.double()), 1e-5)
    fused.train().cnn.batchnorm0.eval()
    plain.train().cnn.batchnorm0.eval()
    assert_close(outcome(fused, x), outcome(plain, x.double()), 1e-5)


@pytest.mark.parametrize("activation", ["glu", "cg"])
def test_bfloat16_is_as_close_as_its_eight_bits_allow(activation):
    fused = network(dropout=0.0, activation=activation)
    plain = network(dropout=0.0, activation=activation).double()
    x = torch.randn(3, 3, 24, 8)
    with torch.autocast("cpu", torch.bfloat16):
        ours = outcome(fused, x)
    assert ours["y"].dtype == torch.bfloat16
    assert ours[f"d cnn.{activation}0.linear.weight"].dtype == torch.float32
    assert_close(ours, outcome(plain, x.double()), 0.02)


def test_statistics_stay_exact_far_from_zero():
    rows = torch.randn(4, 50, 8, 16) + 1000.0
    mean, variance = batch_moments(rows)
    flat = rows.double().view(-1, 16)
    assert torch.allclose(mean, flat.mean(0), rtol=1e-9)
    assert torch.allclose(variance, flat.var(0, unbiased=False), rtol=1e-6)


def test_same_bytes_again_and_with_any_number_of_threads():
    x, threads = torch.randn(5, 3, 40, 16), torch.get_num_threads()
    try:
        runs = []
        for count in (1, 2, 2):
            torch.set_num_threads(count)
            rows = torch.randn(5, 16, 40, 16, generator=torch.Generator().manual_seed(3))
            runs.append(batch_moments(rows.permute(0, 2, 3, 1).contiguous()))
        torch.set_num_threads(1)
        first, second = outcome(network(), x), outcome(network(), x)
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(a, b) for run in runs[1:] for a, b in zip(run, runs[0], strict=True))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_what_does_not_serve():
    assert not is_fusible(torch.zeros(1, 6, 4, 4), (2, 2))
    assert not is_fusible(torch.zeros(1, 16, 4, 5), (2, 2))
    assert not is_fusible(torch.zeros(1, 16, 4, 4, dtype=torch.float64), (2, 2))
    assert not is_fusible(torch.zeros(1, 16, 4, 4, device="meta"), (2, 2))
