"""Import of embeddings that others have extracted and published, in both layouts of the recipe.

2022: rows of variable length, row numbers in HDF5 attributes named after the clips. From 2023:
plain arrays and a data set `filenames`.
"""

import hashlib
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from sed_core.data.corpus import Corpus
from sed_core.data.published_names import PUBLISHED
from sed_core.features.embeddings.embedding_file import EmbeddingWriter
from sed_core.features.embeddings.encoder_registry import encoder_class
from sed_core.runtime.code_version import code_version
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import digest_json
from sed_core.runtime.progress import progress

BLOCK = 16  # clips in memory at a time
SAMPLED = 16  # clips that tell one source from another
EXTRACT = "extract this split here by setting embeddings.<model>.extracted to null."


def import_published(
    source: str | Path,
    corpus: str | Path,
    target: str | Path,
    *,
    encoder: str,
    kind: str,
    clip_seconds: float,
) -> int:
    """Write the published embeddings of a corpus' clips as a file of this program.

    Memory: 16 clips. Clips of the source that are not in the corpus are left out. `aligned` and
    `mean` are derived from the frames.

    Args:
        source: published HDF5 file.
        corpus: 16 kHz audio of the split; says which clips there are.
        target: HDF5 file to write.
        encoder: registered name of the network that made them.
        kind: of embedding.
        clip_seconds: length of the clips.

    Returns:
        Number of clips.

    Raises:
        SedError: another kind of file, a kind of embedding that the network does not give, or a
            clip that the file lacks or has in another shape, named.
    """
    network = encoder_class(encoder, {})
    network.check_kind(kind)
    network.check_length(clip_seconds)
    filenames = Corpus.open(corpus).filenames
    with _opened(source) as archive:
        published = _Published(source, archive, vectors=kind == "global")
        published.require(filenames)

        def read(clips: list[str]) -> NDArray[np.float32]:
            block = published.block(clips)
            try:
                return block if kind == "global" else network.derived(block)[kind]
            except ValueError as error:
                raise SedError(
                    f"{source} holds frames of shape {block.shape[1:]}, which are not those of "
                    f"'{encoder}'; give the file of that network."
                ) from error

        n_samples = round(clip_seconds * network.sample_rate)
        writer = EmbeddingWriter(
            target,
            filenames=filenames,
            times=network.frame_times(n_samples) if kind == "aligned" else np.empty(0),
            shape=read(filenames[:1]).shape[1:],
            provenance={
                "encoder": encoder,
                "kind": kind,
                "weights": f"{PUBLISHED}{encoder}",
                "note": "embeddings published by others",
                "extractor": code_version(
                    "sed_core/features/embeddings/published_embeddings.py", entries=[encoder]
                ),
                "source": published.fingerprint(filenames),
            },
        )
        starts = range(writer.done, len(filenames), BLOCK)
        try:
            for at in progress(starts, desc=f"import {Path(target).stem}", unit="block"):
                writer.add(read(filenames[at : at + BLOCK]))
        except BaseException:
            writer.close()
            raise
    writer.finish()
    return len(filenames)


def _opened(source: str | Path) -> h5py.File:
    try:
        return h5py.File(source)
    except OSError as error:
        raise SedError(f"{source} is not a readable HDF5 file ({error}); get it again.") from error


class _Published:
    """A published file's embeddings by clip."""

    def __init__(self, source: str | Path, archive: h5py.File, *, vectors: bool) -> None:
        self.source = source
        name = "global_embeddings" if vectors else "frame_embeddings"
        if name not in archive:
            raise SedError(f"{source} has no data set '{name}'; give a published embedding file.")
        self.rows = archive[name]
        if "filenames" in archive:
            names = archive["filenames"].asstr()[:].tolist()
            self.place = {_stem(name): row for row, name in enumerate(names)}
        else:
            self.place = {name: int(row) for name, row in self.rows.attrs.items()}

    def require(self, filenames: list[str]) -> None:
        """Make sure that all these clips are there."""
        missing = [file for file in filenames if _stem(file) not in self.place]
        if missing:
            others = f" and {len(missing) - 1} more clips" if len(missing) > 1 else ""
            raise SedError(f"{self.source} has no embedding of {missing[0]}{others}; {EXTRACT}")
        self.shape = self.row(filenames[0]).shape

    def row(self, filename: str) -> NDArray[np.float32]:
        """One clip: (D, T) or (D,); a row of variable-length cells is stacked.

        Cells of unequal length stay an array of objects, whose shape is no other clip's.
        """
        value = self.rows[self.place[_stem(filename)]]
        if value.dtype != object:
            return np.asarray(value, dtype=np.float32)
        return np.stack(value) if len({len(cell) for cell in value}) == 1 else value

    def block(self, filenames: list[str]) -> NDArray[np.float32]:
        """(B, D, T) or (B, D)."""
        found = [self.row(file) for file in filenames]
        for file, row in zip(filenames, found, strict=True):
            if row.shape != self.shape or row.dtype == object:
                raise SedError(
                    f"{self.source}: the embedding of {file} has shape {row.shape}, others have "
                    f"{self.shape}; get the file again, or {EXTRACT}"
                )
        return np.stack(found)

    def fingerprint(self, filenames: list[str]) -> str:
        """Tells sources apart by some of the clips; all of them can be 60 GB."""
        places = [self.place[_stem(file)] for file in filenames]
        hashed = hashlib.blake2b(digest_json(places).encode(), digest_size=16)
        hashed.update(self.block(filenames[:: max(1, len(filenames) // SAMPLED)]).tobytes())
        return hashed.hexdigest()


def _stem(filename: str) -> str:
    return Path(filename).name.removesuffix(".wav")
