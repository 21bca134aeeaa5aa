"""Rates of the CNN, of what follows it, and of a pretrained network's layers."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from sed_core.config.key import defaults_of
from sed_core.config.system import Opt
from sed_core.features.embeddings.ast import AST
from sed_core.features.embeddings.atst_frame import ATSTFrame
from sed_core.features.embeddings.beats import BEATs
from sed_core.features.embeddings.panns import PANNs
from sed_core.training.mean_teacher import MeanTeacher
from sed_core.training.rates import parameter_groups
from tests.made_data import tiny_system

STUDENT = nn.ModuleDict({"cnn": nn.Linear(2, 2), "rnn": nn.Linear(2, 3)})
SMALL = {
    "atst": lambda: ATSTFrame(width=64, depth=2, hidden=8),
    "ast": lambda: AST(width=64, depth=2, hidden=8, n_labels=3),
    "beats": lambda: BEATs(width=16, depth=2, heads=2, hidden=8, patch_width=16),
    "panns": lambda: PANNs(channels=(4, 4, 4, 4, 4, 6)),
}


def opt_of(lr: float, **changed) -> Opt:
    return Opt(**{**defaults_of(Opt), "lr": lr, **changed})


def shares(opt: Opt, encoder: nn.Module | None = None) -> dict[str, float]:
    inside = None if encoder is None else SimpleNamespace(encoder=encoder)
    named = {
        **dict(STUDENT.named_parameters()),
        **dict(encoder.named_parameters() if encoder else ()),
    }
    names = {parameter: name for name, parameter in named.items()}
    groups = parameter_groups(STUDENT, inside, opt)
    assert len({group["share"] for group in groups}) == len(groups)
    return {names[p]: group["share"] for group in groups for p in group["params"]}


def test_one_rate_is_one_group_in_the_order_of_the_weights():
    """As of old, so that the same training gives the same bytes."""
    encoder = SMALL["panns"]()
    found = shares(opt_of(0.1), encoder)
    assert set(found.values()) == {1.0}
    assert list(found) == [
        name for net in (STUDENT, encoder) for name, p in net.named_parameters() if p.requires_grad
    ]


def test_the_cnn_has_its_own_rate():
    found = shares(opt_of(0.002, cnn_lr=0.0002))
    assert found["cnn.weight"] == pytest.approx(0.1) and found["rnn.weight"] == 1.0


@pytest.mark.parametrize(
    ("name", "first", "inner", "last"),
    [
        ("atst", "pos_embed", "blocks.1.mlp.fc1.weight", "norm_frame.weight"),
        ("ast", "cls_token", "blocks.1.mlp.fc1.weight", "head.1.weight"),
    ],
)
def test_rates_fall_from_layer_to_layer(name, first, inner, last):
    """2 blocks: the layers are what is before them, each of them, and what is after."""
    found = shares(opt_of(0.002, encoder_lr=0.0002, encoder_decay=0.5), SMALL[name]())
    assert found[last] == pytest.approx(0.1)
    assert found[inner] == pytest.approx(0.05)
    assert found[first] == pytest.approx(0.1 * 0.5**3)


def test_blocks_are_the_last_layers_where_nothing_follows():
    found = shares(opt_of(0.001, encoder_decay=0.5), SMALL["beats"]())
    assert found["encoder.layers.1.fc1.weight"] == 1.0
    assert found["encoder.layers.0.fc1.weight"] == 0.5
    assert found["patch_embedding.weight"] == 0.25


def test_every_update_uses_them(train):
    """With hardly any rate the CNN stays what it was, and the rest learns."""
    trained = train(training={"n_epochs": 1}, opt={"cnn_lr": 1e-15}).networks.student
    for name, parameter in MeanTeacher(tiny_system(), warmup=0, seed=1).student.named_parameters():
        moved = not torch.allclose(trained[name], parameter.detach().cpu(), atol=1e-6)
        assert moved is not name.startswith("cnn."), name
