from pathlib import Path

import h5py
import numpy as np
import pytest

from sed_core.data.corpus import Corpus, write_corpus
from sed_core.runtime.errors import SedError

CLIPS = [np.arange(1, n + 1, dtype=np.float32) * (k + 1) for k, n in enumerate((5, 1, 8))]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "split.h5"
    write_corpus(
        path,
        filenames=["ä.wav", "b.wav", "c.wav"],
        digests=["x", "y", "z"],
        lengths=[len(clip) for clip in CLIPS],
        clips=iter(CLIPS),
        sample_rate=16000,
    )
    return path


def test_round_trip(path: Path) -> None:
    corpus = Corpus.open(path)
    assert corpus.filenames == ["ä.wav", "b.wav", "c.wav"] and len(corpus) == 3
    assert corpus.digests == ["x", "y", "z"] and corpus.sample_rate == 16000
    assert corpus.lengths.tolist() == [5, 1, 8]
    np.testing.assert_array_equal(corpus.samples, np.concatenate(CLIPS))
    assert isinstance(corpus.samples, np.memmap)
    with h5py.File(path) as archive:
        np.testing.assert_array_equal(archive["samples"][:], corpus.samples)


def test_gather_cuts_and_pads(path: Path) -> None:
    corpus = Corpus.open(path)
    batch = corpus.gather([2, 0, 2, 1], 4, starts=np.array([0, 3, 6, 0]))
    assert batch.tolist() == [[3, 6, 9, 12], [4, 5, 0, 0], [21, 24, 0, 0], [2, 0, 0, 0]]
    assert corpus.gather(np.array([1]), 2).tolist() == [[2, 0]]
    assert corpus.gather([0], 2, starts=np.array([9])).tolist() == [[0, 0]]


def test_what_is_not_a_corpus(tmp_path: Path, path: Path) -> None:
    with pytest.raises(SedError, match="run the rule resample"):
        Corpus.open(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("no")
    with pytest.raises(SedError, match="not a corpus of this version"):
        Corpus.open(tmp_path / "text.h5")
    with h5py.File(path, "a") as archive:
        archive.attrs["version"] = 99
    with pytest.raises(SedError, match="another format version"):
        Corpus.open(path)
