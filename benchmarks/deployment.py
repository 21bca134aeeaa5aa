"""What a model takes where it is put to use: speed in torch and as ONNX, size, and differences.

    python benchmarks/deployment.py [crnn yamnet mn_cpu ast_aligned] [--weights FILE]

Systems of `config.yaml` at full size, with made-up weights, on which neither size nor speed
depends; YAMNet with its own if --weights names them. Prints a row of a Markdown table a model:
hours of sound a minute of processor time (one thread) in torch, by onnxruntime and by onnxruntime
with weights of 8 bits; size of both files; the largest difference of a score to torch, and those
of 8 bits in the mean and at most.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from sed_core.config import systems
from sed_core.config.system import System
from sed_core.detection import export
from sed_core.detection.eight_bits import with_eight_bits
from sed_core.detection.listener import Listener, system_listener, yamnet_listener
from sed_core.detection.models import load_yamnet, yamnet_classes
from sed_core.detection.package import MODEL, package_listener
from sed_core.features.embeddings.encoder_registry import encoder_class
from sed_core.features.embeddings.yamnet import YAMNet
from sed_core.features.frontend import FrontEnd
from sed_core.inference.predict import Predictor
from sed_core.models.end_to_end import EndToEnd
from sed_core.models.network_registry import build
from sed_core.runtime.device import prepare
from sed_core.training.mean_teacher import fused_net

ROOT = Path(__file__).resolve().parents[1]
CPU = torch.device("cpu")


def made_up(name: str) -> Predictor:
    """A system of `config.yaml` that has learnt nothing."""
    text = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    system = System.from_dict(systems.trained_part(name, systems.systems(text)[name], text))
    torch.manual_seed(0)
    inside = None
    if system.pretrained.model is not None:
        pretrained = system.pretrained
        encoder = encoder_class(str(pretrained.network), pretrained.options)()
        inside = EndToEnd(encoder, system).eval()
    net = fused_net(system, inside.embedding_size if inside else None)
    network = build(net, len(system.dataset.classes)).eval()
    return Predictor(system, FrontEnd(system).eval(), {"student": network}, CPU, inside)


def exported(name: str, target: Path, weights: Path | None) -> tuple[Listener, dict[str, Any]]:
    """The model in torch, with `model.onnx` written."""
    if name == "yamnet":
        encoder = load_yamnet(weights) if weights else YAMNet().eval()
        listener = yamnet_listener(encoder, yamnet_classes(), CPU)
        export.export_yamnet(encoder, target)
        return listener, {"kind": "patches", "hop": listener.hop}
    predictor = made_up(name)
    export.export_system(predictor, "student", target)
    return system_listener(predictor, "student"), export.system_content(predictor, "student")


def heard(listener: Listener, sound: np.ndarray) -> tuple[np.ndarray, float]:
    """Scores, and hours of sound a minute of processor time."""
    begin = time.process_time()
    scores = np.concatenate(list(listener.hear(np.array_split(sound, 60))))
    spent = time.process_time() - begin
    return scores, len(sound) / listener.sample_rate / 60 / spent


def main() -> None:
    """Export, hear, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=["crnn", "yamnet", "mn_cpu", "ast_aligned"])
    parser.add_argument("--weights", type=Path, help="of yamnet")
    parser.add_argument("--seconds", type=int, default=60)
    args = parser.parse_args()
    prepare(gpus=0, threads=1)
    for name in args.models:
        with tempfile.TemporaryDirectory() as scratch:
            whole, small = Path(scratch) / "whole", Path(scratch) / "small"
            whole.mkdir()
            small.mkdir()
            listener, content = exported(name, whole / MODEL, args.weights)
            export.write_package(whole, listener, content=content)
            with_eight_bits(whole / MODEL, small / MODEL)
            export.write_package(small, listener, content=content)
            sizes = [(folder / MODEL).stat().st_size / 1e6 for folder in (whole, small)]
            sound = export.made_up_sound((1, args.seconds * listener.sample_rate))[0]
            heard(listener, sound[: 10 * listener.sample_rate])  # sets things up
            expected, speed = heard(listener, sound)
            full, full_speed = heard(package_listener(whole), sound)
            coarse, coarse_speed = heard(package_listener(small), sound)
        print(
            f"| `{name}` | {speed:.2g} | {full_speed:.2g} | {coarse_speed:.2g} | "
            f"{sizes[0]:.1f} MB | {sizes[1]:.1f} MB | {np.abs(full - expected).max():.1g} | "
            f"{np.abs(coarse - expected).mean():.1g}, {np.abs(coarse - expected).max():.1g} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
