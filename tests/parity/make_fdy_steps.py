"""Makes reference/fdy_sed/steps.npz: steps of FDY-SED's own training function.

    python tests/parity/make_fdy_steps.py --peer CHECKOUT --out FILE

CHECKOUT is frednam93/FDY-SED at commit 190bd36 (MIT). Its function `train` runs as it is, a batch
at a time: features, mixup, losses, optimiser, rate, teacher, in this order. Of the augmentations
only mixup acts, since the others are compared elsewhere. The batch is the six clips of
golden/audio.npz, two of each part. The network has few channels and no dropout, and is filled as in
fill.py.
Everything is float64 but for the features' constants, which are float32 as in the recipe.
"""

import argparse
import importlib
import os
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning
import torch
import yaml

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]
from fill import fill, noise  # noqa: E402

from sed_core.features import torchaudio_import  # noqa: E402, F401 - then the original's import works

SEED, STEPS, WARMUP = 1, 5, 3
FILTERS, CELLS, CLASSES, FRAMES = [4] * 7, 4, 10, 156


def main() -> None:
    """Run the steps and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("peer", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    args = parser.parse_args()
    out = args.out.resolve()
    os.chdir(args.peer)
    sys.path.insert(0, str(args.peer))
    torch.set_num_threads(1)
    torch.Tensor.float = torch.Tensor.double
    pytorch_lightning.metrics = types.SimpleNamespace()  # of an old release; for validation alone
    np.savez_compressed(out, **run())


def run() -> dict[str, np.ndarray]:
    """The arrays of the file."""
    original = importlib.import_module("main")
    configs = yaml.safe_load(Path("configs/config.yaml").read_text())
    configs["CRNN"] |= {"n_filt": FILTERS, "n_RNN_cell": CELLS, "conv_dropout": 0.0}
    config: dict[str, Any] = configs["training"]
    config |= {"device": torch.device("cpu"), "batch_sizes": [2, 2, 2], "net_pooling": 4}
    student, teacher = (net.double() for net in original.get_models(configs, config, False))
    config |= {"net": fill(student, SEED), "ema_net": fill(teacher, SEED + 10)}
    config["feat_ext"] = original.setmelspectrogram(configs["feature"]).double()
    config["scaler"] = original.get_scaler(configs["scaler"])
    config["criterion_class"], config["criterion_cons"] = torch.nn.BCELoss(), torch.nn.MSELoss()
    config["optimizer"] = torch.optim.Adam(student.parameters(), 1e-3, betas=(0.9, 0.999))
    rate = configs["opt"]["lr"]
    config["scheduler"] = original.ExponentialWarmup(config["optimizer"], rate, WARMUP)
    original.frame_shift = original.time_mask = lambda mel, labels, *_, **__: (mel, labels)
    original.feature_transformation = lambda mel, **_: (mel, mel)
    said = draws()
    batch = inputs(original)
    found: dict[str, Any] = {}
    for step in range(STEPS):
        said.clear()
        np.random.seed(step)
        torch.manual_seed(step)
        found[f"{step}/lr"] = config["optimizer"].param_groups[0]["lr"]
        config["trainloader"] = [[*(one.clone() for one in batch), None, None]]
        found[f"{step}/losses"] = original.train(config)
        found |= {f"{step}/draws/{name}": value for name, value in said.items()}
        for name, network in (("student", student), ("teacher", teacher)):
            found[f"{step}/{name}/l2"] = [p.detach().norm() for p in network.parameters()]
    for name, network in (("student", student), ("teacher", teacher)):
        for key, value in network.state_dict().items():
            found[f"final/{name}/{key}"] = value.numpy()
    found["labels"] = batch[1].numpy().astype(np.uint8)
    return {key: np.array(value) for key, value in found.items()}


def draws() -> dict[str, list]:
    """Coefficients and permutations of mixup are kept, weak clips before strong ones."""
    said: dict[str, list] = {}
    beta, permute = np.random.beta, torch.randperm

    def sampled(*given: Any, **options: Any) -> float:
        said.setdefault("coefficient", []).append(beta(*given, **options))
        return said["coefficient"][-1]

    def permuted(*given: Any, **options: Any) -> torch.Tensor:
        said.setdefault("permutation", []).append(permute(*given, **options))
        return said["permutation"][-1]

    np.random.beta, torch.randperm = sampled, permuted
    return said


def inputs(original: Any) -> list[torch.Tensor]:
    """Sound at its largest level, and labels of the strong clips, then of the weak ones."""
    audio = np.load(HERE / "reference/golden/audio.npz")["audio"].astype(np.float64) / 32768
    waveforms = torch.stack([original.normalize_wav(torch.from_numpy(one)) for one in audio])
    labels = torch.zeros(len(audio), CLASSES, FRAMES, dtype=torch.float64)
    strong = torch.from_numpy(noise("labels/strong", (2, CLASSES, FRAMES // 12), SEED) > 1)
    labels[:2] = strong.repeat_interleave(12, -1)
    labels[2:4, :, 0] = torch.from_numpy(noise("labels/weak", (2, CLASSES), SEED) > 0.5)
    return [waveforms, labels]


if __name__ == "__main__":
    main()
