"""From the audio of a split to its file of embeddings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sed_core.data.corpus import Corpus
from sed_core.features.embeddings.encoder import Encoder
from sed_core.features.embeddings.file import EmbeddingWriter
from sed_core.features.waveforms import ResidentAudio
from sed_core.runtime.files import digest_json
from sed_core.runtime.progress import progress
from sed_core.runtime.provenance import code_version


@torch.inference_mode()
def extract(
    encoder: Encoder,
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

    Longer clips are cut after `clip_seconds`, shorter ones padded with zeros. Batches begin at the
    same clips however often the run is interrupted, so the bytes do not depend on that. Memory:
    the audio (2 bytes a sample) and one batch.

    Args:
        encoder: on the device that computes.
        corpus: 16 kHz audio.
        target: HDF5 file to write.
        kind: of embedding.
        clip_seconds: length of the encoder's input.
        batch_size: clips at a time.
        precision: see `encoder.PRECISIONS`.
        receipt: of the weights, see `weights.obtain_weights`.

    Returns:
        Number of clips.
    """
    opened = Corpus.open(corpus)
    device = next(encoder.parameters()).device
    n_samples = round(clip_seconds * encoder.sample_rate)
    probe = encoder.embed(torch.zeros(1, n_samples, device=device), kind, precision=precision)
    writer = EmbeddingWriter(
        target,
        filenames=opened.filenames,
        times=encoder.frame_times(n_samples) if kind == "aligned" else np.empty(0),
        shape=probe.shape[1:],
        provenance={
            "encoder": receipt["encoder"],
            "weights": receipt["digest"],
            "note": receipt["note"],
            "extractor": code_version("sed_core/features/embeddings/extract.py"),
            "kind": kind,
            "precision": precision,
            "clip_seconds": str(float(clip_seconds)),
            "batch_size": str(batch_size),
            "audio": digest_json([opened.filenames, opened.digests]),
        },
    )
    audio = ResidentAudio([Path(corpus)], device=device)
    batches = range(writer.done, len(opened), batch_size)
    try:
        for at in progress(batches, desc=f"embed {Path(target).stem}", unit="batch"):
            waveforms = audio.gather(range(at, min(at + batch_size, len(opened))), n_samples)
            rows = encoder.embed(waveforms, kind, precision=precision)
            writer.add(rows.half().cpu().numpy())
    except BaseException:
        writer.close()
        raise
    writer.finish()
    return len(opened)
