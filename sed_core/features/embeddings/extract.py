"""From the audio of a split to its file of embeddings."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sed_core.config.embedding_kinds import DERIVED
from sed_core.data.corpus import Corpus
from sed_core.features.embeddings.embedding_file import EmbeddingFile, EmbeddingWriter
from sed_core.features.embeddings.encoder import Encoder
from sed_core.features.embeddings.encoder_registry import encoder_class
from sed_core.features.embeddings.stored_windows import stored_windows
from sed_core.features.precision import half_type
from sed_core.features.resident_audio import ResidentAudio
from sed_core.runtime.code_version import code_version
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import digest_json
from sed_core.runtime.progress import progress

Rows = Callable[[range | None], Tensor]
"""Float16 embeddings of these windows of a split, or of one window of silence."""


@torch.inference_mode()
def extract(
    source: Encoder | EmbeddingFile,
    corpus: str | Path,
    target: str | Path,
    *,
    kind: str,
    clip_seconds: float,
    batch_size: int,
    precision: str,
    receipt: Mapping[str, Any],
) -> int:
    """Write the embeddings of all clips of a corpus, in its order.

    A recording that is longer than `clip_seconds` has a row for each of its windows
    (`stored_windows`), a shorter one is padded with zeros. The bytes are the same
    however often the run was interrupted, because batches always begin at the same windows. On
    a CPU they are also the same from the network and from the file of its frames: a kind that is
    computed from frames always uses the float16 frames of that file. Memory: the audio (2 bytes a
    sample) and one batch.

    Args:
        source: a network on the device that computes, or the file of its frames, for a kind that
            follows from these.
        corpus: 16 kHz audio.
        target: HDF5 file to write.
        kind: of embedding.
        clip_seconds: length of the encoder's input.
        batch_size: windows at a time.
        precision: see `precision.half_type`.
        receipt: of the weights, see `weights.obtain_weights`.

    Returns:
        Number of recordings.

    Raises:
        SedError: a kind that the network does not give, clips longer than it hears, or frames of
            other weights, audio or settings.
    """
    options = receipt.get("options", {})
    encoder = encoder_class(receipt["encoder"], options)
    encoder.check_kind(kind)
    encoder.check_length(clip_seconds)
    opened = Corpus.open(corpus)
    n_samples = round(clip_seconds * encoder.sample_rate)
    provenance = {
        "encoder": receipt["encoder"],
        "weights": receipt["digest"],
        "extractor": code_version(
            "sed_core/features/embeddings/extract.py", entries=[receipt["encoder"]]
        ),
        "kind": kind,
        "precision": precision,
        "clip_seconds": str(float(clip_seconds)),
        "batch_size": str(batch_size),
        **({"options": json.dumps(options, sort_keys=True)} if options else {}),
        "audio": digest_json([opened.filenames, opened.digests]),
    }
    computed = "frame" if kind in DERIVED else kind
    windows = stored_windows(opened.lengths, n_samples)
    count = len(windows[0])
    if isinstance(source, EmbeddingFile):
        rows_of = _stored(source, {**provenance, "kind": computed})
        provenance["arithmetic"] = source.provenance["arithmetic"]
    else:
        device = next(source.parameters()).device
        provenance["arithmetic"] = str(half_type(precision, device) or torch.float32)
        audio = ResidentAudio([Path(corpus)], device=device)
        rows_of = _computed(source, audio, windows, n_samples, kind=computed, precision=precision)

    def wanted(places: range | None) -> Tensor:
        rows = rows_of(places)
        if computed != kind:
            rows = encoder.derived(rows.contiguous().float())[kind].half()
        return rows

    writer = EmbeddingWriter(
        target,
        filenames=opened.filenames,
        times=encoder.frame_times(n_samples) if kind == "aligned" else np.empty(0),
        shape=wanted(None).shape[1:],
        provenance=provenance,
        windows=windows,
    )
    batches = range(writer.done, count, batch_size)
    try:
        for at in progress(batches, desc=f"embed {Path(target).stem}", unit="batch"):
            writer.add(wanted(range(at, min(at + batch_size, count))).cpu().numpy())
    except BaseException:
        writer.close()
        raise
    writer.finish()
    return len(opened)


def _computed(
    encoder: Encoder,
    audio: ResidentAudio,
    windows: tuple[NDArray[np.int64], NDArray[np.int64]],
    n_samples: int,
    *,
    kind: str,
    precision: str,
) -> Rows:
    def rows(places: range | None) -> Tensor:
        if places is None:
            waveforms = torch.zeros(1, n_samples, device=next(encoder.parameters()).device)
        else:
            recordings, starts = (column[places].tolist() for column in windows)
            waveforms = audio.gather(recordings, n_samples, starts)
        return encoder.embed(waveforms, kind, precision=precision).half().contiguous()

    return rows


def _stored(file: EmbeddingFile, provenance: Mapping[str, str]) -> Rows:
    for key, value in provenance.items():
        if file.provenance.get(key) != value:
            raise SedError(
                f"{file.path} has {key} '{file.provenance.get(key)}', but '{value}' is needed to "
                "derive other embeddings from it; delete it and run again."
            )

    def rows(places: range | None) -> Tensor:
        if places is None:
            return torch.zeros(1, *file.rows.shape[1:], dtype=torch.float16)
        return torch.from_numpy(np.array(file.rows[places.start : places.stop]))

    return rows
