"""A file of embeddings holds what the encoder says, and the same bytes after any interruption."""

import numpy as np
import pytest
import torch

from sed_core.data.corpus import Corpus
from sed_core.features import precision
from sed_core.features.embeddings import extract as module
from sed_core.features.embeddings.ast import AST
from sed_core.features.embeddings.embedding_file import EmbeddingFile, EmbeddingWriter
from sed_core.features.embeddings.extract import extract
from sed_core.features.embeddings.panns import PANNs
from sed_core.runtime.errors import SedError


def run(
    encoder,
    corpus,
    target,
    kind="aligned",
    batch_size=2,
    weights="w",
    name="panns",
    seconds=1.0,
    computed="32-true",
):
    return extract(
        encoder,
        corpus,
        target,
        kind=kind,
        clip_seconds=seconds,
        batch_size=batch_size,
        precision=computed,
        receipt={"encoder": name, "digest": weights},
    )


@pytest.mark.parametrize("kind", ["aligned", "frame", "global"])
def test_rows_are_what_the_encoder_gives(encoder, corpus, tmp_path, kind):
    assert run(encoder, corpus, tmp_path / "e.h5", kind) == 5
    file = EmbeddingFile.open(tmp_path / "e.h5")
    opened = Corpus.open(corpus)
    assert file.filenames == opened.filenames
    assert file.provenance["kind"] == kind and file.provenance["weights"] == "w"
    assert len(file.times) == (file.rows.shape[2] if kind == "aligned" else 0)
    clip = torch.from_numpy(opened.gather([1], 16000))
    with torch.inference_mode():
        expected = encoder(clip)[kind][0].numpy()
    np.testing.assert_allclose(file.rows[1], expected, rtol=1e-3, atol=1e-4)
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("imitated", [True, False])
def test_the_file_says_what_it_was_computed_in(encoder, corpus, tmp_path, monkeypatch, imitated):
    """A processor that only imitates bfloat16 computes in float32."""
    monkeypatch.setattr(precision, "_computes", lambda dtype: not imitated)
    run(encoder, corpus, tmp_path / "e.h5", computed="bf16-mixed")
    told = EmbeddingFile.open(tmp_path / "e.h5").provenance
    assert told["precision"] == "bf16-mixed"
    assert told["arithmetic"] == ("torch.float32" if imitated else "torch.bfloat16")


def test_clips_beyond_the_window_of_a_network_are_refused(encoder, corpus, tmp_path):
    with pytest.raises(SedError, match=r"AST hears 10\.24 s, but the clips have 30 s"):
        run(encoder, corpus, tmp_path / "e.h5", name="ast", seconds=30)
    assert not list(tmp_path.iterdir())


class KillError(Exception):
    pass


@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_killed_and_repeated_gives_equal_bytes(encoder, corpus, tmp_path, monkeypatch, blocks):
    run(encoder, corpus, tmp_path / "whole.h5")

    class Dies(EmbeddingWriter):
        def add(self, rows):
            if self.done == 2 * blocks:
                self._file._data.write(b"half a row")
                raise KillError
            super().add(rows)

    with monkeypatch.context() as patch, pytest.raises(KillError):
        patch.setattr(module, "EmbeddingWriter", Dies)
        run(encoder, corpus, tmp_path / "killed.h5")
    assert not (tmp_path / "killed.h5").exists()
    seen = []
    features = PANNs.features
    monkeypatch.setattr(PANNs, "features", lambda self, w: seen.append(len(w)) or features(self, w))
    run(encoder, corpus, tmp_path / "killed.h5")
    assert (tmp_path / "killed.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()
    assert sum(seen) == 1 + 6 - 2 * blocks  # the probe, and the windows that were not done yet


def test_damaged_block_is_made_again(encoder, corpus, tmp_path):
    run(encoder, corpus, tmp_path / "whole.h5")
    whole = EmbeddingFile.open(tmp_path / "whole.h5")
    options = {
        "filenames": whole.filenames,
        "times": whole.times,
        "shape": whole.rows.shape[1:],
        "provenance": whole.provenance,
    }
    writer = EmbeddingWriter(tmp_path / "e.h5", **options)
    writer.add(whole.rows[:2])
    writer.add(whole.rows[2:4])
    writer.close()
    part = tmp_path / "e.rows.part"
    data = bytearray(part.read_bytes())
    data[-1] ^= 1
    part.write_bytes(data)
    assert EmbeddingWriter(tmp_path / "e.h5", **options).done == 2


def test_other_weights_start_afresh(encoder, corpus, tmp_path):
    options = {"filenames": ["a", "b"], "times": np.empty(0), "shape": (3,)}
    writer = EmbeddingWriter(tmp_path / "e.h5", **options, provenance={"weights": "old"})
    writer.add(np.ones((1, 3)))
    writer.close()
    assert EmbeddingWriter(tmp_path / "e.h5", **options, provenance={"weights": "new"}).done == 0


@pytest.mark.parametrize("kind", ["aligned", "mean"])
def test_derived_from_the_file_of_frames_gives_equal_bytes(corpus, tmp_path, kind):
    torch.manual_seed(0)
    encoder = AST(width=64, depth=1, hidden=32, n_labels=3).eval()
    frames, direct, derived = (tmp_path / f"{name}.h5" for name in ("frames", "direct", "derived"))
    for target, wanted in ((frames, "frame"), (direct, kind)):
        run(encoder, corpus, target, wanted, name="ast")
    run(EmbeddingFile.open(frames), corpus, derived, kind, name="ast")
    assert derived.read_bytes() == direct.read_bytes()
    assert np.ptp(EmbeddingFile.open(derived).rows) > 0.1


def test_frames_of_other_weights_are_not_derived_from(encoder, corpus, tmp_path):
    run(encoder, corpus, tmp_path / "frames.h5", "frame", weights="old")
    frames = EmbeddingFile.open(tmp_path / "frames.h5")
    with pytest.raises(SedError, match="weights 'old', but 'new' is needed"):
        run(frames, corpus, tmp_path / "e.h5", "aligned", weights="new")
    with pytest.raises(SedError, match="kind 'frame', but 'global' is needed"):
        run(frames, corpus, tmp_path / "e.h5", "global", weights="old")
