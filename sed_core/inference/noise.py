"""What a system hears where nothing happens: false alarms on silence, an offset, faint noise.

Min-max scaling of each clip, as in 2022, stretches whatever there is to the range of events.
"""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sed_core.data.labels import FrameGrid
from sed_core.inference.predict import Predictor
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import read_json
from sed_core.runtime.seeding import derive
from sed_core.scoring.decode import decode, median_filter
from sed_core.scoring.score_file import FalseAlarms, masked

SECONDS = 60
"""Of noise that is heard. Silence and offset are the same everywhere: one clip of each."""


def _noise(grid: FrameGrid) -> NDArray[np.float32]:
    clips = math.ceil(SECONDS / grid.clip_seconds)
    generator = np.random.default_rng(derive(0, "noise"))  # the same for every system and seed
    return generator.normal(0, 10 ** (-60 / 20), (clips, grid.n_samples)).astype(np.float32)


SIGNALS: dict[str, Callable[[FrameGrid], NDArray[np.float32]]] = {
    "silence": lambda grid: np.zeros((1, grid.n_samples), np.float32),
    "offset": lambda grid: np.full((1, grid.n_samples), 0.1, np.float32),
    "white noise, -60 dB": _noise,
}
"""Clips (N, n_samples) of a grid; full scale is 1, noise has its standard deviation at -60 dB."""


@torch.inference_mode()
def false_alarms(predictor: Predictor, receipt: Path | None = None) -> FalseAlarms:
    """Events on clips without any, decoded as in validation.

    Args:
        predictor: the model.
        receipt: of the pretrained network's weights, where the system reads embeddings from files.

    Returns:
        By network and signal: `alarms_per_hour`, and `active`, the share of time that each class
        is said to be active, where it is. Empty for a system whose embeddings cannot be made here.
    """
    system, device = predictor.system, predictor.device
    if system.reads_embeddings:
        from sed_core.features.embeddings.encoder_weights import load_named

        try:
            encoder = load_named(read_json(receipt)) if receipt and receipt.is_file() else None
        except SedError as error:
            print(f"no false alarms are counted: {error}")
            return {}
        if encoder is None:
            return {}
        predictor = predictor.with_encoder(encoder)
    grid, training = FrameGrid.of(system), system.training
    found: FalseAlarms = {network: {} for network in predictor.networks}
    for signal, make in SIGNALS.items():
        clips = torch.from_numpy(make(grid))
        batches = [predictor(batch.to(device)) for batch in clips.split(predictor.batch_size)]
        hours = len(clips) * grid.clip_seconds / 3600
        for network, told in found.items():
            strong = np.concatenate([batch[network][0] for batch in batches])
            if training.weak_mask:
                strong = masked(strong, np.concatenate([batch[network][1] for batch in batches]))
            scores = median_filter(strong, training.median_window)
            alarms = decode(scores, training.val_threshold, frame_seconds=grid.frame_seconds)
            active = (scores > training.val_threshold).mean((0, 1))
            told[signal] = {
                "alarms_per_hour": len(alarms) / hours,
                "active": {
                    name: float(share)
                    for name, share in zip(system.dataset.classes, active, strict=True)
                    if share
                },
            }
    return found
