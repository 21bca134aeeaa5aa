"""FDY-CRNN against the published FDY-SED (190bd36), with filled weights.

Tolerances: some three times the rounding between the original in float32 and in float64.
"""

from functools import partial

import numpy as np
import pytest
import torch

from sed_core.features.logmel import MelSpectrogram, amplitude_to_db
from sed_core.features.scaler import Scaler
from sed_core.models.checkpoint import load_checkpoint
from sed_core.models.dynamic_cnn import DynamicConv
from sed_core.models.network_registry import build
from sed_core.training.loss.cross_entropy import cross_entropy
from tests.parity.fill import fill, noise
from tests.parity.network_run import assert_same_layout
from tests.parity.subset import Arrays, largest, relative

NET = {
    "model": "fdy_crnn",
    "nb_filters": [32, 64, 128, 256, 256, 256, 256],
    "pooling": [[2, 2], [2, 2], *[[1, 2]] * 5],
    "n_RNN_cell": 256,
    "dropout": 0.0,
}


@pytest.fixture(scope="module")
def data(zoo):
    return zoo("fdy_network")


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("pool_dim", ["time", "freq"])
def test_layer(zoo, seed, pool_dim, mode):
    """One dynamic convolution, its mixture and its gradients."""
    data = zoo("fdy_layer")
    layer = fill(DynamicConv(8, 12, pool_dim), seed).train(mode == "train")
    assert_same_layout(layer, data, f"{pool_dim}/")
    x = torch.from_numpy(noise("fdy/layer_in", (2, 8, 20, 16), seed)).requires_grad_()
    shares = []
    layer.attention.register_forward_hook(lambda *arguments: shares.append(arguments[-1]))
    out = layer(x)
    out.backward(torch.from_numpy(noise("fdy/layer_up", (2, 12, 20, 16), seed)))
    name = f"{pool_dim}/{mode}"
    assert largest(out.detach(), data[f"{name}/out"]) < 1e-6
    assert largest(shares[0].detach(), data[f"{name}/attention"]) < 1e-6
    assert relative(x.grad, data[f"{name}/grad_in"]) < 1e-6
    for key, parameter in layer.named_parameters():
        # One is 7.7e-7 off in the original itself, so that 1e-6 would be too close for others.
        assert relative(parameter.grad, data[f"{name}/grad/{key}"]) < 3e-6, key


def test_features(data, golden):
    """The range of each band over batch and time."""
    audio = golden("audio")["audio"][[0, 1, 2, 4]]
    mel = MelSpectrogram()(torch.from_numpy(audio).float() / 32768)
    scaled = Scaler(dims=(0, 2))(amplitude_to_db(mel)).numpy()
    assert largest(scaled, data["in"]) < 3e-4  # above 7.5 kHz a band spans a few dB at -50
    assert np.abs(scaled - data["in"]).mean() < 1e-6


def statistics(data: Arrays) -> dict[str, np.ndarray]:
    """Those of the batch norms after the training pass in float64."""
    prefix = "after_train/"
    return {key.removeprefix(prefix): data[key] for key in data if key.startswith(prefix)}


@torch.no_grad()
def test_network(data, seed):
    network = fill(build(NET, 10), seed).eval()
    assert_same_layout(network, data)
    assert data["n_parameters"] == 11_061_468
    x = torch.from_numpy(data["in"])
    hidden = {}
    for name in ("cnn.cnn.cg0", "cnn.cnn.conv1", "cnn"):
        keep = partial(hidden.__setitem__, name)
        network.get_submodule(name).register_forward_hook(lambda *found, keep=keep: keep(found[2]))
    for prefix in ("eval", "eval_after_train"):
        if prefix == "eval_after_train":
            after = {key: torch.from_numpy(value) for key, value in statistics(data).items()}
            network.load_state_dict(network.state_dict() | after)
        for kind, ours in zip(("strong", "weak"), network(x), strict=True):
            assert largest(ours, data[f"{prefix}/{kind}"]) < 5e-7, (prefix, kind)
    gate, conv, cnn = (hidden[name] for name in ("cnn.cnn.cg0", "cnn.cnn.conv1", "cnn"))
    cells = np.s_[0, ::8, ::40, ::8]
    assert largest(gate[0, ::4, ::40, ::8], data["eval_after_train/cg0_every"]) < 5e-6
    assert largest(conv[cells], data["eval_after_train/conv1_every"]) < 5e-7
    assert largest(cnn[0, ::4, :, 0], data["eval_after_train/cnn_out_every4"]) < 5e-7


def test_training_pass_and_gradients(data, seed):
    """Of the loss with weight 0.5 on the clips; the original's gradients are in float64."""
    network = fill(build(NET, 10), seed).train()
    targets = torch.from_numpy(data["targets"])
    strong, weak = network(torch.from_numpy(data["in"]))
    for prefix in ("train", "train_f64"):
        assert largest(strong.detach(), data[f"{prefix}/strong"]) < 5e-7, prefix
        assert largest(weak.detach(), data[f"{prefix}/weak"]) < 5e-7, prefix
    state = network.state_dict()
    for key, theirs in statistics(data).items():
        assert largest(state[key].numpy(), theirs) < 2e-3, key
    wanted = (targets.sum(-1) > 0).float()
    loss = cross_entropy(strong, targets) + 0.5 * cross_entropy(weak, wanted)
    loss.backward()
    for prefix in ("train", "train_f64"):
        assert loss.item() == pytest.approx(float(data[f"{prefix}/loss"]), rel=1e-6), prefix
    gradients = {key: value.grad for key, value in network.named_parameters()}
    assert list(gradients) == data["parameter_names"].tolist()
    norms = np.array([value.norm().item() for value in gradients.values()])
    real = data["grad_l2_f64"] > 1e-9  # biases before a batch norm have none
    assert norms[real] == pytest.approx(data["grad_l2_f64"][real], rel=1e-4, abs=5e-9)
    for key in (key.removeprefix("grad/") for key in data if key.startswith("grad/")):
        loose = 5e-3 if "softmax" in key else 2e-4  # next to no gradient reaches the attention
        assert relative(gradients[key], data[f"grad/{key}"]) < loose, key


@torch.no_grad()
def test_a_file_of_tensors(data, seed, tmp_path):
    """In the layout that FDY-SED writes: it becomes the network with the original's scores."""
    torch.save(fill(build(NET, 10), seed).state_dict(), tmp_path / "best_student.pt")
    network = load_checkpoint(tmp_path / "best_student.pt").networks()["teacher"]
    strong, weak = network(torch.from_numpy(data["in"][:1]))
    assert largest(strong, data["eval/strong"][:1]) < 5e-7
    assert largest(weak, data["eval/weak"][:1]) < 5e-7


def test_every_array_is_read(unread):
    assert unread == []
