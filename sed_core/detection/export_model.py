"""A model by its name or file as ONNX, whichever kind it is."""

from pathlib import Path
from typing import Any

import torch

from sed_core.detection import export
from sed_core.detection.listener import Listener, system_listener, yamnet_listener
from sed_core.detection.models import MODELS, load_yamnet, yamnet_classes
from sed_core.inference.recordings import load_predictor


def export_model(
    model: str, target: Path, *, network: str, weights: Path | None
) -> tuple[Listener, dict[str, Any], float]:
    """Write `model.onnx`.

    Args:
        model: key of `MODELS`, a `model.pt` or a public `.ckpt`.
        target: the file.
        network: of a trained system, student or teacher.
        weights: see `models.load_listener`.

    Returns:
        The model in torch, what `config.json` says of its kind, how far ONNX is from torch.

    Raises:
        SedError: no such model, or it cannot be exported.
    """
    device = torch.device("cpu")
    if model in MODELS:
        encoder = load_yamnet(weights)
        heard = yamnet_listener(encoder, yamnet_classes(), device)
        return heard, {"kind": "patches", "hop": heard.hop}, export.export_yamnet(encoder, target)
    predictor = load_predictor(model, device, weights=weights)
    worst = export.export_system(predictor, network, target)
    content = export.system_content(predictor, network)
    return system_listener(predictor, network), content, worst
