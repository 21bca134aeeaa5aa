"""Prediction for single recordings of any length and rate, without a data set."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sed_core.config.system import System
from sed_core.data.published_names import PUBLISHED
from sed_core.features.embeddings.encoder_weights import load_encoder
from sed_core.inference.external_checkpoint import completed
from sed_core.inference.predict import Predictor
from sed_core.inference.stitching import Piece, Stitcher
from sed_core.inference.windows import Windows
from sed_core.models.checkpoint import load_checkpoint
from sed_core.runtime.errors import SedError

Posterior = tuple[np.ndarray, np.ndarray]
"""Strong (B, T, C) and weak (B, C) posteriors of windows."""
BASELINE = Path(__file__).with_name("dcase2022.json")
"""The baseline's configuration, for public checkpoints, which name neither classes nor lengths."""


def load_predictor(
    path: str | Path, device: torch.device, *, weights: str | Path | None = None
) -> Predictor:
    """Load the networks of a file, with the front end and encoder that they need.

    Args:
        path: a `model.pt`, or a public 2022 `.ckpt` or network of FDY-SED, whose classes are
            those of DESED.
        device: that computes.
        weights: of the pretrained network, where the system fuses embeddings that the workflow
            keeps in files. Here they are computed along, in float32 and never rounded to 16 bits.

    Raises:
        SedError: no checkpoint, or embeddings are needed and nothing says of what.
    """
    checkpoint = load_checkpoint(path)
    if checkpoint.assumed or "dataset" not in checkpoint.system:
        if checkpoint.net.get("use_embeddings"):
            raise SedError(
                f"{path} fuses embeddings and does not say which; make it a system of the "
                "workflow (docs/coming-from-desed-task.md) and give that system's model.pt."
            )
        baseline = System.from_dict(json.loads(BASELINE.read_text(encoding="utf-8")))
        checkpoint = completed(checkpoint, baseline, source=str(path))
    predictor = Predictor.from_checkpoint(checkpoint, device)
    system = predictor.system
    if not system.reads_embeddings:
        return predictor
    if weights is None:
        raise SedError(
            f"{path} fuses embeddings of '{system.pretrained.model}'; name the file of its "
            "pretrained weights with --weights."
        )
    known = "" if checkpoint.weights.startswith(PUBLISHED) else checkpoint.weights
    encoder = load_encoder(
        str(system.pretrained.network),
        weights,
        options=system.pretrained.options,
        expected=known,
    )
    return predictor.with_encoder(encoder)


def hear(
    predictor: Predictor,
    blocks: Iterable[NDArray[np.float32]],
    *,
    network: str,
    batch_size: int,
) -> Iterator[Piece]:
    """The posteriors of one recording that comes block by block, in the order of time.

    Memory: one batch of windows, however long the recording.

    Args:
        predictor: the model.
        blocks: (n,) mono samples at the model's rate, one after the other.
        network: student or teacher.
        batch_size: windows at a time.
    """
    windows = Windows.of(predictor.system)
    return hear_windows(scores_of(predictor, network), windows, blocks, batch_size=batch_size)


def scores_of(predictor: Predictor, network: str) -> Callable[[NDArray[np.float32]], Posterior]:
    """One network of a predictor as `hear_windows` takes it."""

    def score(waveforms: NDArray[np.float32]) -> Posterior:
        sound = torch.from_numpy(waveforms).to(predictor.device)
        return predictor(sound, only=network)[network]

    return score


def hear_windows(
    score: Callable[[NDArray[np.float32]], Posterior],
    windows: Windows,
    blocks: Iterable[NDArray[np.float32]],
    *,
    batch_size: int,
) -> Iterator[Piece]:
    """`hear` with any network.

    Args:
        score: waveforms (B, S) of windows -> posteriors (B, T, C) and (B, C).
        windows: where they lie.
        blocks: as in `hear`.
        batch_size: windows at a time.
    """
    stitcher = Stitcher(windows.join)
    cut = windows.cut(blocks)
    while batch := list(islice(cut, batch_size)):
        found = zip(*score(np.stack([samples for _, samples in batch])), strict=True)
        for (window, _), (strong, weak) in zip(batch, found, strict=True):
            yield stitcher.add(window, strong, weak)
