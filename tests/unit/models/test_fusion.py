"""Aligned fusion; the two fusions of 2022 are held against the original in tests/parity."""

import pytest
import torch

from sed_core.models.checkpoint import architecture
from sed_core.models.crnn import CRNN, build_crnn

SMALL = {
    "nb_filters": [4, 4, 4],
    "kernel_size": [3, 3, 3],
    "stride": [1, 1, 1],
    "padding": [1, 1, 1],
    "pooling": [[2, 8], [2, 4], [1, 4]],
    "n_RNN_cell": 4,
    "dropout": 0.0,
    "use_embeddings": True,
    "embedding_size": 6,
}


def small(kind: str, **options: bool) -> CRNN:
    torch.manual_seed(0)
    net = {**SMALL, "embedding_type": kind, "frame_emb_enc_dim": 5, **options}
    return build_crnn(net, 3).eval()


@pytest.mark.parametrize("shrink", [True, False])
def test_aligned_embeddings_act_at_their_own_frame(shrink):
    network = small("aligned", shrink_aligned=shrink)
    network.rnn = torch.nn.Identity()  # what follows spreads over time
    network.dense, network.dense_softmax = torch.nn.Linear(4, 3), torch.nn.Linear(4, 3)
    x, embeddings = torch.rand(2, 128, 40), torch.rand(2, 6, 10)
    other = embeddings.clone()
    other[0, 0, 7] += 1.0
    change = network(x, other)[0] - network(x, embeddings)[0]
    assert set(change.abs().sum(1).nonzero()[:, 0].tolist()) == {0}
    assert change[0].abs().sum(0).nonzero().flatten().tolist() == [7]


def test_shrunk_embeddings_have_the_scale_of_the_channels():
    """Layer norm: ten times louder embeddings are the same; joined as they are, they are not."""
    x, embeddings = torch.rand(2, 128, 40), torch.randn(2, 6, 10)
    for shrink in (True, False):
        network = small("aligned", shrink_aligned=shrink)
        if shrink:
            network.shrink_frames[0].bias.data.zero_()
        change = network(x, embeddings * 10)[0] - network(x, embeddings)[0]
        assert bool(change.abs().max() < 1e-4) is shrink


@pytest.mark.parametrize(
    ("kind", "options"),
    [("frame", {}), ("global", {}), ("aligned", {}), ("aligned", {"shrink_aligned": False})],
)
def test_tensors_tell_the_fusion(kind, options):
    network = small(kind, **options)
    net = architecture(network.state_dict())
    assert net.get("shrink_aligned", True) is options.get("shrink_aligned", True)
    assert (net["embedding_type"], net["embedding_size"]) == (kind, 6)
    assert net.get("frame_emb_enc_dim") == (5 if kind == "frame" else None)
    again = build_crnn({**SMALL, **net}, 3)
    again.load_state_dict(network.state_dict())
