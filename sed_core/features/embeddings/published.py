"""Import of embeddings that others have extracted and published, in both layouts of the recipe.

2022: rows of variable length, row numbers in HDF5 attributes named after the clips. From 2023:
plain arrays and a data set `filenames`.
"""

from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from sed_core.data.corpus import Corpus
from sed_core.features.embeddings.file import EmbeddingWriter
from sed_core.features.embeddings.registry import ENCODERS
from sed_core.runtime.errors import SedError
from sed_core.runtime.progress import progress

NAMES = {"synth": "synth_train", "weak": "weak_train", "unlabelled": "unlabeled_train"}
"""Split -> name of its published file, where the two differ; the 2023 files add `strong_train`."""
BLOCK = 16  # clips in memory at a time


def published_file(folder: str | Path, split: str) -> Path:
    """The published file of a split.

    Raises:
        SedError: the folder has none.
    """
    names = [NAMES.get(split, split), split, f"{split}_train"]
    paths = [Path(folder) / f"{name}.hdf5" for name in names]
    for path in paths:
        if path.is_file():
            return path
    raise SedError(
        f"{paths[0]} does not exist, and the embeddings of split '{split}' are to be imported; put "
        "it there, or extract all splits here by setting embeddings.<model>.extracted to null."
    )


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
            clip that the file lacks, named.
    """
    network = ENCODERS[encoder]
    network.check_kind(kind)
    filenames = Corpus.open(corpus).filenames
    name = "global_embeddings" if kind == "global" else "frame_embeddings"
    with _opened(source) as archive:
        if name not in archive:
            raise SedError(f"{source} has no data set '{name}'; give a published embedding file.")
        rows = archive[name]
        place = _places(archive, rows)
        missing = [file for file in filenames if _stem(file) not in place]
        if missing:
            others = f" and {len(missing) - 1} more clips" if len(missing) > 1 else ""
            raise SedError(
                f"{source} has no embedding of {missing[0]}{others}; extract this split here by "
                "setting embeddings.<model>.extracted to null."
            )

        def read(clips: list[str]) -> NDArray[np.float32]:
            found = np.stack([_row(rows, place[_stem(file)]) for file in clips])
            return found if kind == "global" else network.derived(found)[kind]

        n_samples = round(clip_seconds * network.sample_rate)
        writer = EmbeddingWriter(
            target,
            filenames=filenames,
            times=network.frame_times(n_samples) if kind == "aligned" else np.empty(0),
            shape=read(filenames[:1]).shape[1:],
            provenance={"encoder": encoder, "kind": kind, "weights": f"published {encoder}"},
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


def _places(archive: h5py.File, rows: h5py.Dataset) -> dict[str, int]:
    """Row of every clip, by its name without `.wav`."""
    if "filenames" in archive:
        names = archive["filenames"].asstr()[:].tolist()
        return {_stem(name): row for row, name in enumerate(names)}
    return {name: int(row) for name, row in rows.attrs.items()}


def _stem(filename: str) -> str:
    return Path(filename).name.removesuffix(".wav")


def _row(rows: h5py.Dataset, at: int) -> NDArray[np.float32]:
    """One clip: (D, T) or (D,) float32; a row of variable-length cells is stacked."""
    value = rows[at]
    return np.stack(value) if value.dtype == object else np.asarray(value, dtype=np.float32)
