"""Networks as ONNX, waveform in and posteriors out, held to torch before they are kept."""

import copy
import logging
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
import torch
from torch import Tensor, nn

from sed_core.data.label_formats.formats import write_labels
from sed_core.data.label_formats.labelled_events import RecordingLabels
from sed_core.detection.listener import Listener, PatchScores
from sed_core.detection.onnx_gru import with_onnx_grus
from sed_core.detection.package import (
    CLIP,
    CONFIG,
    EVENTS,
    FORMAT,
    LABELS,
    MODEL,
    clip_events,
    package_listener,
    session,
)
from sed_core.features.embeddings.yamnet import PATCH_SAMPLES, YAMNet
from sed_core.inference.predict import Predictor
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import atomic, digest, write_json, write_text

LARGEST = 1e-4  # difference to torch that is accepted
OPSET = 18
CLIP_SECONDS = 10


class WholeSystem(nn.Module):
    """A trained network with all that comes before it.

    Args:
        predictor: the system.
        network: student or teacher.
    """

    def __init__(self, predictor: Predictor, network: str) -> None:
        super().__init__()
        self.front, self.pretrained = predictor.front, predictor.inside(network)
        self.network = predictor.networks[network]

    def forward(self, waveforms: Tensor) -> tuple[Tensor, Tensor]:
        """(B, S) -> strong (B, T, C) and weak (B, C) posteriors."""
        embeddings = None if self.pretrained is None else self.pretrained(waveforms)
        strong, weak = self.network(self.front(waveforms), embeddings)
        return strong.transpose(1, 2), weak


def export_system(predictor: Predictor, network: str, target: Path) -> float:
    """Write a system; how far it is from torch.

    Batches of any size; any length, unless an encoder inside has a window of its own.

    Raises:
        SedError: it cannot be exported, or differs by more than `LARGEST`.
    """
    n_samples = round(predictor.system.dataset.clip_seconds * predictor.system.dataset.sample_rate)
    sizes: dict[int, Any] = {0: torch.export.Dim("batch")}
    lengths = [n_samples]
    if predictor.pretrained is None:
        sizes[1] = torch.export.Dim("samples", min=predictor.system.feats.n_window, max=1 << 31)
        lengths.append(n_samples + n_samples // 3)
    whole = WholeSystem(predictor, network).eval()
    return _export(whole, target, sizes, shapes=[(2, length) for length in lengths])


def export_yamnet(encoder: YAMNet, target: Path) -> float:
    """Write YAMNet, from the samples of n patches to their scores; how far it is from torch."""
    hop = encoder.hop_samples()
    sizes = {
        0: torch.export.Dim.STATIC,
        1: torch.export.Dim("samples", min=PATCH_SAMPLES, max=1 << 31),
    }
    shapes = [(1, PATCH_SAMPLES + count * hop) for count in (9, 12)]
    return _export(PatchScores(encoder).eval(), target, sizes, shapes=shapes)


def _export(
    network: nn.Module, target: Path, sizes: Mapping[int, Any], shapes: list[tuple[int, int]]
) -> float:
    try:
        import onnx  # noqa: F401 - the exporter needs both
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise SedError(
            "exporting needs onnx and onnxscript; install them in the clone of sed-core with: "
            "pip install -e '.[export]'."
        ) from error
    # Tells of four operators of torchvision, which no network has.
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    stand_in = with_onnx_grus(copy.deepcopy(network))
    first = torch.from_numpy(made_up_sound(shapes[0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            stand_in,
            (first,),
            dynamo=True,
            dynamic_shapes=(dict(sizes),),
            input_names=["waveform"],
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None
    with atomic(target) as draft:
        program.save(str(draft))
        worst = max(_difference(network, session(draft), made_up_sound(shape)) for shape in shapes)
        if not worst <= LARGEST:
            raise SedError(
                f"the exported network differs from torch by {worst:.2g}, more than {LARGEST:g}; "
                "it was not kept."
            )
    return worst


@torch.inference_mode()
def _difference(network: nn.Module, run: Any, waveforms: np.ndarray) -> float:
    expected = network(torch.from_numpy(waveforms))
    expected = expected if isinstance(expected, tuple) else (expected,)
    found = run.run(None, {"waveform": waveforms})
    pairs = zip(expected, found, strict=True)
    return max(float(np.abs(a.numpy() - b).max()) for a, b in pairs)


def write_package(
    folder: Path,
    listener: Listener,
    *,
    content: Mapping[str, Any],
    clip: Path | None = None,
) -> None:
    """Complete a folder that holds `model.onnx`: classes, decisions, clip and expected events.

    Args:
        folder: of the package.
        listener: the model in torch.
        content: of `config.json`, but for what is the same for all.
        clip: a recording to check with; None: a made-up sound.
    """
    rows = [f'{index},"{name}"' for index, name in enumerate(listener.classes)]
    write_text(folder / LABELS, "\n".join(["index,name", *rows]) + "\n")
    if clip is None:
        sound = made_up_sound((1, CLIP_SECONDS * listener.sample_rate))[0]
        with atomic(folder / CLIP) as draft:
            sf.write(draft, sound, listener.sample_rate, subtype="PCM_16")
    else:
        with atomic(folder / CLIP) as draft:
            draft.write_bytes(clip.read_bytes())
    config = {
        "format": FORMAT,
        "classes": listener.classes,
        "sample_rate": listener.sample_rate,
        "resampler": listener.resampler,
        "frame_seconds": listener.frame_seconds,
        "median_window": listener.median_window,
        "thresholds": listener.thresholds,
        "tuned": listener.tuned,
        **content,
        "clip_threshold": 0.5,
        "files": {},
    }
    write_json(folder / CONFIG, config, decimals=12)
    kept = package_listener(folder)
    events = clip_events(kept, folder / CLIP, 0.5)
    if not events:  # a check by no events would check little
        config["clip_threshold"] = 0.05
        events = clip_events(kept, folder / CLIP, 0.05)
    write_labels(folder / EVENTS, "desed", [RecordingLabels(CLIP, events)])
    config["files"] = {name: digest(folder / name) for name in (MODEL, LABELS, CLIP, EVENTS)}
    write_json(folder / CONFIG, config, decimals=12)


def system_content(predictor: Predictor, network: str) -> dict[str, Any]:
    """What `config.json` says of a trained system."""
    return {"kind": "windows", "network": network, "system": asdict(predictor.system)}


def made_up_sound(shape: tuple[int, int]) -> np.ndarray:
    """(B, S) float32: a tone that rises, noise that comes and goes, the same every time."""
    rng = np.random.default_rng(0)
    place = np.linspace(0, 1, shape[1], dtype=np.float32)
    tone = np.sin(2 * np.pi * (50 + 0.1 * shape[1] * place) * place)
    noise = rng.normal(0, 1, shape) * (np.sin(40 * place) > 0)
    return (0.1 * tone + 0.05 * noise).astype(np.float32)
