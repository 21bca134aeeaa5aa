"""Counts against arithmetic by hand and published figures."""

import torch
from torch import nn

from sed_core.models.complexity import Complexity, complexity
from sed_core.models.crnn import build_crnn


def test_layers_by_hand():
    network = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.Flatten(2), nn.Linear(20, 7))
    found = complexity(network, torch.zeros(1, 2, 4, 5))
    assert found == Complexity(
        parameters=2 * 3 * 9 + 3 + 20 * 7 + 7, macs=20 * 2 * 3 * 9 + 3 * 20 * 7
    )


def test_the_recurrent_part_counts():
    found = complexity(nn.GRU(8, 4, bidirectional=True, batch_first=True), torch.zeros(1, 10, 8))
    assert found.macs == 10 * 2 * 3 * 4 * (8 + 4)


def test_the_reader_of_frame_embeddings_counts():
    """A GRU of 8 cells over 30 embeddings of 16 values; backwards, one step is enough."""
    net = {"use_embeddings": True, "embedding_type": "frame", "embedding_size": 16}
    with_few, without = (
        complexity(build_crnn(options, 10), torch.zeros(1, 128, 64), embeddings).macs
        for options, embeddings in (
            ({**net, "frame_emb_enc_dim": 8}, torch.zeros(1, 16, 30)),
            ({}, None),
        )
    )
    assert with_few - without >= (30 + 1) * 3 * 8 * (16 + 8)


def test_the_baseline_has_the_size_that_was_published():
    """1,112,420 parameters (2022); 930.9 M MACs by a tool that counts a little more (2023)."""
    network = build_crnn({}, 10)
    before = network.cnn.cnn[0].weight.device
    found = complexity(network, torch.zeros(1, 128, 626), None)
    assert found.parameters == 1_112_420
    assert 0.97 < found.macs / 930.9e6 < 1
    assert network.cnn.cnn[0].weight.device == before
