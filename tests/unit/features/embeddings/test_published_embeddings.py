"""Published embedding files, in the layouts of 2022 and 2023."""

import h5py
import numpy as np
import pytest

from sed_core.data.corpus import Corpus
from sed_core.data.published_names import published_file
from sed_core.features.embeddings.embedding_file import EmbeddingFile
from sed_core.features.embeddings.published_embeddings import import_published
from sed_core.runtime.errors import SedError

TOKENS = 2 + 12 * 101


def published(path, filenames, layout, *, width=3, tokens=TOKENS):
    """Rows in an order of their own; frames as (N, D, T'), vectors as (N, D)."""
    generator = np.random.default_rng(0)
    frames = generator.standard_normal((len(filenames), width, tokens)).astype(np.float32)
    vectors = generator.standard_normal((len(filenames), width)).astype(np.float32)
    stems = [name.removesuffix(".wav") for name in filenames]
    with h5py.File(path, "w") as archive:
        if layout == 2022:
            kind = h5py.vlen_dtype(np.float32)
            one = archive.create_dataset("frame_embeddings", frames.shape[:2], dtype=kind)
            two = archive.create_dataset("global_embeddings", frames.shape[:1], dtype=kind)
            for row, stem in enumerate(stems):
                two[row] = vectors[row]
                for channel in range(width):
                    one[row, channel] = frames[row, channel]
                one.attrs[stem] = two.attrs[stem] = row
        else:
            archive["frame_embeddings"], archive["global_embeddings"] = frames, vectors
            archive.create_dataset("filenames", data=stems, dtype=h5py.string_dtype())
    return frames, vectors


def imported(source, corpus, target, *, encoder="ast", kind="frame"):
    import_published(source, corpus, target, encoder=encoder, kind=kind, clip_seconds=10)
    return EmbeddingFile.open(target)


@pytest.mark.parametrize("layout", [2022, 2023])
@pytest.mark.parametrize("kind", ["frame", "global", "aligned", "mean"])
def test_rows_come_in_the_order_of_the_corpus(corpus, tmp_path, layout, kind):
    names = Corpus.open(corpus).filenames
    frames, vectors = published(tmp_path / "p.hdf5", [*names[::-1], "Yelse_1_2.wav"], layout)
    count = import_published(
        tmp_path / "p.hdf5", corpus, tmp_path / "e.h5", encoder="ast", kind=kind, clip_seconds=10
    )
    file = EmbeddingFile.open(tmp_path / "e.h5")
    assert count == 5 and file.filenames == names
    frames, vectors = frames[4::-1], vectors[4::-1]
    expected = {
        "frame": frames,
        "global": vectors,
        "aligned": frames[:, :, 2:].reshape(5, 3, 12, 101).mean(2),
        "mean": frames[:, :, :2].mean(2),
    }[kind]
    np.testing.assert_allclose(file.rows, expected, atol=2e-3)
    assert len(file.times) == (101 if kind == "aligned" else 0)


def test_beats_as_the_recipe_of_2023_extracts_it(corpus, tmp_path):
    names = Corpus.open(corpus).filenames
    frames, _ = published(tmp_path / "p.hdf5", names, 2023, tokens=62 * 8)
    file = imported(tmp_path / "p.hdf5", corpus, tmp_path / "e.h5", encoder="beats", kind="aligned")
    np.testing.assert_allclose(file.rows, frames.reshape(5, 3, 62, 8).mean(3), atol=2e-3)
    np.testing.assert_allclose(file.times[[0, -1]], [0.0875, 9.8475])


def test_a_clip_that_is_not_in_the_file_is_named(corpus, tmp_path):
    names = Corpus.open(corpus).filenames
    published(tmp_path / "p.hdf5", names[1:], 2022)
    with pytest.raises(SedError, match=r"has no embedding of Y0_30\.000_40\.000\.wav"):
        imported(tmp_path / "p.hdf5", corpus, tmp_path / "e.h5")
    assert not (tmp_path / "e.h5").exists()


def test_a_kind_that_the_network_does_not_give_is_refused(corpus, tmp_path):
    published(tmp_path / "p.hdf5", Corpus.open(corpus).filenames, 2022)
    with pytest.raises(SedError, match=r"kind is 'mean', but PANNs gives only frame, aligned"):
        imported(tmp_path / "p.hdf5", corpus, tmp_path / "e.h5", encoder="panns", kind="mean")


def test_clips_of_unequal_length_are_named(corpus, tmp_path):
    names = Corpus.open(corpus).filenames
    published(tmp_path / "p.hdf5", names, 2022)
    with h5py.File(tmp_path / "p.hdf5", "r+") as archive:
        for channel in range(3):
            archive["frame_embeddings"][2, channel] = np.zeros(7, np.float32)
        archive["frame_embeddings"][3, 1] = np.zeros(7, np.float32)
    with pytest.raises(SedError, match=rf"embedding of {names[2]} has shape \(3, 7\), others have"):
        imported(tmp_path / "p.hdf5", corpus, tmp_path / "e.h5")


def test_frames_of_another_network_are_refused(corpus, tmp_path):
    published(tmp_path / "p.hdf5", Corpus.open(corpus).filenames, 2023, tokens=125)
    with pytest.raises(SedError, match=r"shape \(3, 125\), which are not those of 'ast'"):
        imported(tmp_path / "p.hdf5", corpus, tmp_path / "e.h5", kind="aligned")


def test_another_source_is_another_provenance(corpus, tmp_path):
    """So that a training which read the first is not continued with the second."""
    names = Corpus.open(corpus).filenames
    found = []
    for order in (names, names, names[::-1]):
        published(tmp_path / "p.hdf5", order, 2023)
        found.append(imported(tmp_path / "p.hdf5", corpus, tmp_path / "e.h5").provenance)
    assert found[0] == found[1] != found[2]


def test_published_names(tmp_path):
    (tmp_path / "synth_train.hdf5").touch()
    assert published_file(tmp_path, "synth").name == "synth_train.hdf5"
    with pytest.raises(SedError, match=r"eval\.hdf5 does not exist"):
        published_file(tmp_path, "eval")
