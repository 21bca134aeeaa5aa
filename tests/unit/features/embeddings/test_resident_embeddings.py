"""Embeddings reach the network in the order of the clips and at the network's times."""

import numpy as np
import pytest
import torch

from sed_core.features.embeddings.embedding_file import EmbeddingFile, EmbeddingWriter
from sed_core.features.embeddings.resident_embeddings import ResidentEmbeddings
from sed_core.runtime.errors import SedError

CPU = torch.device("cpu")
TIMES = np.array([0.5, 1.5, 2.5])


def write(path, filenames, values, *, times=TIMES, weights="w"):
    shape = np.shape(values)[1:]
    writer = EmbeddingWriter(
        path, filenames=filenames, times=times, shape=shape, provenance={"weights": weights}
    )
    writer.add(np.asarray(values))
    writer.finish()
    return path


def ramp(start):
    """(2, 3): one channel rises with time, one stands still."""
    return [[start, start + 1, start + 2], [start] * 3]


def test_gathers_over_splits_at_the_wanted_times(tmp_path):
    first = write(tmp_path / "a.h5", ["x.wav", "y.wav"], [ramp(0), ramp(10)])
    second = write(tmp_path / "b.h5", ["z.wav"], [ramp(20)])
    wanted = np.array([0.0, 1.0, 2.0, 3.0])
    both = ResidentEmbeddings(
        [first, second], [["y.wav", "x.wav"], ["z.wav"]], kind="aligned", times=wanted, device=CPU
    )
    batch = both.gather([2, 0])
    assert both.size == 2 and batch.dtype == torch.float32
    expected = [[20, 20.5, 21.5, 22], [20] * 4], [[10, 10.5, 11.5, 12], [10] * 4]
    np.testing.assert_allclose(batch, expected, atol=1e-6)


def test_vectors_stay_vectors(tmp_path):
    path = write(tmp_path / "a.h5", ["x.wav"], [[1.0, 2.0]], times=np.empty(0))
    found = ResidentEmbeddings([path], [["x.wav"]], kind="global", times=TIMES, device=CPU)
    assert found.gather([0, 0]).tolist() == [[1, 2], [1, 2]]


def test_a_clip_without_embedding_is_named(tmp_path):
    path = write(tmp_path / "a.h5", ["x.wav"], [ramp(0)])
    with pytest.raises(SedError, match=r"q\.wav has no embedding in .*a\.h5"):
        ResidentEmbeddings([path], [["x.wav", "q.wav"]], kind="aligned", times=TIMES, device=CPU)


def test_files_of_different_weights_do_not_mix(tmp_path):
    paths = [write(tmp_path / f"{w}.h5", ["x.wav"], [ramp(0)], weights=w) for w in "ab"]
    with pytest.raises(SedError, match="different pretrained weights"):
        ResidentEmbeddings(paths, [["x.wav"]] * 2, kind="aligned", times=TIMES, device=CPU)


def test_absent_and_foreign_files_get_a_sentence(tmp_path):
    with pytest.raises(SedError, match="run the rule embed"):
        EmbeddingFile.open(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("no")
    with pytest.raises(SedError, match="not a file of embeddings"):
        EmbeddingFile.open(tmp_path / "text.h5")
