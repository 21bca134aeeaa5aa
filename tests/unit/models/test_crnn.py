import pytest
import torch

from sed_core.models.crnn import build_crnn
from sed_core.models.crnn_architecture import architecture
from sed_core.models.fusion import last_state
from sed_core.models.heads import attention_pool
from sed_core.models.network_registry import MODELS
from sed_core.runtime.errors import SedError

SMALL = {
    "nb_filters": [2, 3, 4],
    "kernel_size": [3, 3, 3],
    "padding": [1, 1, 1],
    "stride": [1, 1, 1],
    "pooling": [[2, 8], [2, 4], [1, 4]],
    "n_RNN_cell": 5,
}
FULL = {
    "dropout": 0.5, "rnn_layers": 2, "n_in_channel": 1, "attention": True, "n_RNN_cell": 128,
    "activation": "glu", "rnn_type": "BGRU", "kernel_size": [3] * 7, "padding": [1] * 7,
    "stride": [1] * 7, "nb_filters": [16, 32, 64, 128, 128, 128, 128],
    "pooling": [[2, 2], [2, 2], [1, 2], [1, 2], [1, 2], [1, 2], [1, 2]],
    "dropout_recurrent": 0, "use_embeddings": False, "embedding_size": 527,
    "embedding_type": "global", "attention_axis": "class", "freeze_bn": False, "train_cnn": True,
}  # fmt: skip


def parameters(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_parameter_counts_of_the_baseline():
    network = MODELS["crnn"](FULL, 10)
    assert parameters(network) == parameters(build_crnn({}, 10)) == 1_112_420
    assert parameters(network.cnn) == 612_688
    assert parameters(network.rnn) == 494_592
    assert parameters(network.dense) == parameters(network.dense_softmax) == 2_570
    state = sum(t.numel() for t in network.state_dict().values())
    assert state == 1_113_675


@pytest.mark.parametrize(
    ("kind", "size", "encoder", "shrink", "total"),
    [
        ("frame", 768, 3_938_304, 131_456, 5_215_076),
        ("global", 527, 0, 67_840, 1_213_156),
        ("frame", 2048, 7_870_464, 131_456, 9_147_236),
        ("global", 2048, 0, 262_528, 1_407_844),
    ],
)
def test_parameter_counts_of_fusion(kind, size, encoder, shrink, total):
    net = {**FULL, "use_embeddings": True, "embedding_type": kind, "embedding_size": size}
    network = build_crnn(net, 10)
    assert parameters(network) == total
    assert parameters(network.shrink_emb) == shrink
    assert parameters(network.cat_tf) == 32_896
    if encoder:
        assert parameters(network.frame_embs_encoder) == encoder


def test_shapes_of_ten_seconds():
    network = build_crnn({"nb_filters": [2] * 7}, 10).eval()
    strong, weak = network(torch.rand(2, 128, 626))
    assert strong.shape == (2, 10, 156)
    assert weak.shape == (2, 10)


def test_a_forward_gru_sees_no_further_than_the_kernels():
    torch.manual_seed(0)
    net = {**FULL, "nb_filters": [4] * 7, "n_RNN_cell": 8}
    reach, pooling, frames = 1 + 2 + 5 * 4, 4, 20  # mel frames that the kernels reach
    x = torch.rand(1, 128, 160).double()
    changed = x.clone()
    changed[:, :, frames * pooling + reach :] += 1
    for kind, moved in (("GRU", False), ("BGRU", True)):
        network = build_crnn({**net, "rnn_type": kind}, 10).double().eval()
        before, after = network(x)[0], network(changed)[0]
        assert torch.equal(before[..., :frames], after[..., :frames]) is not moved
        assert not torch.equal(before[..., frames], after[..., frames])
        again = build_crnn({**net, **architecture(network.state_dict())}, 10)
        again.load_state_dict(network.state_dict())


def test_attention_softmax_over_classes_and_over_time():
    strong, logits = torch.rand(2, 6, 3), torch.randn(2, 6, 3)
    over_classes = torch.softmax(logits, dim=2)
    expected = (strong * over_classes).sum(1) / over_classes.sum(1)
    assert torch.allclose(attention_pool(strong, logits, axis="class"), expected)
    over_time = torch.softmax(logits, dim=1)
    expected = (strong * over_time).sum(1)
    assert torch.allclose(attention_pool(strong, logits, axis="time"), expected, atol=1e-6)


@pytest.mark.parametrize("axis", ["class", "time"])
def test_padding_does_not_count(axis):
    strong, logits = torch.rand(1, 6, 3), torch.randn(1, 6, 3)
    mask = torch.tensor([[False, False, False, False, True, True]])
    masked = attention_pool(strong, logits, axis=axis, pad_mask=mask)
    cut = attention_pool(strong[:, :4], logits[:, :4], axis=axis)
    assert torch.allclose(masked, cut, atol=1e-6)


def test_without_attention_the_clip_is_the_mean_of_its_frames():
    network = build_crnn({**SMALL, "attention": False}, 3).eval()
    strong, weak = network(torch.rand(2, 128, 40))
    assert torch.allclose(weak, strong.mean(-1))
    assert not any(key.startswith("dense_softmax") for key in network.state_dict())


@pytest.mark.parametrize("cells", [3, 8], ids=["torch", "native, where there is a compiler"])
def test_last_state_is_the_bidirectional_output_at_the_last_frame(cells):
    encoder = torch.nn.GRU(4, cells, batch_first=True, bidirectional=True)
    embeddings = torch.randn(2, 4, 9)
    whole = encoder(embeddings.transpose(1, 2))[0][:, -1]
    assert torch.allclose(last_state(encoder, embeddings), whole, atol=1e-6)
    names, weights = zip(*encoder.named_parameters(), strict=True)
    expected = torch.autograd.grad(whole.square().sum(), weights)
    ours = torch.autograd.grad(last_state(encoder, embeddings).square().sum(), weights)
    for name, got, wanted in zip(names, ours, expected, strict=True):
        assert torch.allclose(got, wanted, atol=1e-6), name


def test_fusion_needs_embeddings():
    net = {**SMALL, "use_embeddings": True, "embedding_size": 7}
    network = build_crnn(net, 3).eval()
    x = torch.rand(2, 128, 40)
    assert not torch.equal(network(x, torch.ones(2, 7))[0], network(x, torch.zeros(2, 7))[0])
    with pytest.raises(SedError, match="fuses embeddings"):
        network(x)


@pytest.mark.parametrize(("option", "weight"), [({}, 0.99), ({"batch_norm_momentum": 0.1}, 0.1)])
def test_running_statistics_follow_the_newest_batch_by_its_weight(option, weight):
    crnn = build_crnn({**SMALL, **option}, 3)
    norm = crnn.cnn.cnn.batchnorm0
    before = norm.running_mean.clone()
    x = torch.rand(2, 128, 40)
    newest = crnn.cnn.cnn.conv0(x.transpose(1, 2).unsqueeze(1)).mean((0, 2, 3))
    crnn.train()(x)
    torch.testing.assert_close(norm.running_mean, before + weight * (newest - before))


@pytest.mark.parametrize(("option", "begin"), [({}, 0.5), ({"initial_posterior": 0.05}, 0.05)])
def test_where_posteriors_begin(option, begin):
    strong, weak = build_crnn({**SMALL, **option}, 3).eval()(torch.rand(2, 128, 40))
    assert abs(strong.mean() - begin) < begin / 4 and abs(weak.mean() - begin) < begin / 4


def test_context_gating_is_x_times_the_sigmoid_of_a_linear_layer():
    """Names and sizes are those of the 2022 gate, but for the name of the layer."""
    crnn = build_crnn({**SMALL, "activation": "cg"}, 3).eval()
    state = crnn.state_dict()
    usual = build_crnn(SMALL, 3).state_dict()
    assert {key.replace(".cg", ".glu"): value.shape for key, value in state.items()} == {
        key: value.shape for key, value in usual.items()
    }
    image = torch.randn(2, 1, 8, 128)
    x = image
    for i, pooling in enumerate(SMALL["pooling"]):
        convolution, norm, gate = (crnn.cnn.cnn.get_submodule(f"{n}{i}") for n in
                                   ("conv", "batchnorm", "cg"))  # fmt: skip
        x = norm(convolution(x))
        linear = torch.einsum("oc,bctf->botf", gate.linear.weight, x)
        linear = linear + gate.linear.bias[:, None, None]
        x = torch.nn.functional.avg_pool2d(x / (1 + (-linear).exp()), pooling)
    assert torch.allclose(crnn.cnn(image), x, atol=1e-6)
    assert architecture(state)["activation"] == "cg"
    assert architecture(usual)["activation"] == "glu"


def test_frozen_batch_norm_and_cnn():
    network = build_crnn({**SMALL, "freeze_bn": True}, 3).train()
    norm = network.cnn.cnn.batchnorm0
    before = norm.running_mean.clone()
    network(torch.rand(2, 128, 40))
    assert network.training
    assert torch.equal(norm.running_mean, before)
    assert not norm.weight.requires_grad
    assert network.cnn.cnn.conv0.weight.requires_grad
    frozen = build_crnn({**SMALL, "train_cnn": False}, 3)
    assert not any(p.requires_grad for p in frozen.cnn.parameters())
    assert all(p.requires_grad for p in frozen.rnn.parameters())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_rnn_cells": 3}, r"net\.n_rnn_cells is not a known key; valid ones are .*n_RNN_cell"),
        ({"activation": "relu"}, r"net\.activation is 'relu'; it must be one of: glu, cg"),
        ({"attention_axis": "frequency"}, "it must be one of: class, time"),
        ({"embedding_type": "clip"}, "it must be one of: frame, global"),
        ({"nb_filters": [1, 2]}, "unequal length"),
    ],
)
def test_mistakes_in_the_section_net(change, message):
    with pytest.raises(SedError, match=message):
        build_crnn({**FULL, **change}, 10)
