"""Where audio and embeddings go, by the memory that there is."""

import numpy as np
import pytest
import torch

from sed_core.features import resident_audio


@pytest.mark.parametrize(
    ("free", "processes", "copied"),
    [(1000, 1, True), (1000, 2, True), (1000, 4, False), (300, 1, False)],
)
def test_processes_that_load_at_once_share_the_memory(monkeypatch, free, processes, copied):
    """200 bytes of at most 60 %; each of several would see the same free memory."""
    monkeypatch.setattr(resident_audio, "free_bytes", lambda device: free)
    array = np.zeros(100, np.int16)
    (found,) = resident_audio.place_arrays([array], torch.device("cpu"), processes)
    assert np.shares_memory(found.numpy(), array) != copied
