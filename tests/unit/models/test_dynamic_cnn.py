import pytest
import torch

from sed_core.models.dynamic_cnn import DynamicConv, PartialConv
from sed_core.models.network_registry import build
from sed_core.runtime.errors import SedError

NET = {"model": "fdy_crnn", "nb_filters": [4, 16], "pooling": [[2, 4], [1, 4]], "n_RNN_cell": 3}


@torch.no_grad()
def test_a_share_of_the_channels_is_dynamic():
    """Plain channels come first; with equal basis kernels the dynamic ones are plain, too."""
    layer = PartialConv(3, 16, "time", 0.125).eval()
    assert (layer.static.weight.shape[0], layer.dynamic.weight.shape[1]) == (14, 2)
    layer.dynamic.weight[:] = layer.dynamic.weight[0].clone()
    x = torch.randn(2, 3, 10, 8)
    kernels = torch.cat([layer.static.weight, layer.dynamic.weight[0]])
    plain = torch.nn.functional.conv2d(x, kernels, padding=1)
    assert torch.allclose(layer(x), plain, atol=1e-5)


def test_the_first_block_is_plain_and_the_others_share():
    kinds = {}
    for share in (None, 0.5, 1.0):
        net = build(NET | ({} if share is None else {"dynamic_share": share}), 2)
        kinds[share] = [type(net.cnn.cnn.get_submodule(f"conv{i}")) for i in range(2)]
        assert net(torch.rand(1, 16, 20))[0].shape == (1, 2, 10)
    assert kinds[None] == kinds[1.0] == [torch.nn.Conv2d, DynamicConv]
    assert kinds[0.5] == [torch.nn.Conv2d, PartialConv]


def test_an_impossible_share():
    with pytest.raises(SedError, match=r"net.dynamic_share is 1.5; it must be above 0"):
        build(NET | {"dynamic_share": 1.5}, 2)
