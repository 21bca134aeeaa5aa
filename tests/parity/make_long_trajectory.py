"""Makes reference/long_trajectory: the original recipe of 2022 from 44.1 kHz to 120 steps.

    python tests/parity/make_long_trajectory.py --peer CHECKOUT --shims SHIMS --clips DIR --out FILE

CHECKOUT is DCASE-REPO/DESED_task at commit f0161eb. SHIMS is a module whose `install_shims()`
stands in for packages that do not install any more; its `recipe_dir(CHECKOUT)` is the recipe's
folder. DIR holds clips 0.flac to 7.flac (two seconds at 44.1 kHz) and labels.json: a list with, for
each clip, [[onset, offset, label], …] (strong), [label, …] (weak) or null. The environment has
resampy 0.2.2, which `librosa.resample` called in spring 2022.

Features are float32 as the recipe computes them; the training is in float64, with weights filled as
in fill.py and everything random drawn as in draws.py.
"""

import argparse
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import resampy
import soundfile as sf
import torch
import yaml
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parent))
import draws
from fill import fill

SEED = 1


def main() -> None:
    """Run the recipe and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("peer", "shims", "clips", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    args = parser.parse_args()
    if resampy.__version__ != "0.2.2":
        raise SystemExit(f"resampy 0.2.2 is needed, this is {resampy.__version__}")
    spec = importlib.util.spec_from_file_location("shims", args.shims)
    shims = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shims)
    recipe = Path(shims.recipe_dir(str(args.peer)))
    sys.path[:0] = [str(recipe), str(args.peer)]
    shims.install_shims()
    torch.set_num_threads(1)
    config = yaml.safe_load((recipe / "confs/default.yaml").read_text())
    config["net"].update(draws.NET)
    config["training"].update(batch_size=[2, 2, 2], ema_factor=draws.EMA)
    config["log_dir"] = "."
    found = features(args.clips)
    labels = encode(json.loads((args.clips / "labels.json").read_text()), config)
    found |= train(config, found.pop("waveforms"), labels)
    np.savez_compressed(args.out, labels=labels.astype(np.uint8), **found)


def features(clips: Path) -> dict[str, np.ndarray]:
    """The recipe's resampled audio (float32) of every clip."""
    from local.resample_folder import resample

    sounds = []
    for number in range(8):
        samples, rate = sf.read(clips / f"{number}.flac", dtype="float32", always_2d=True)
        sounds.append(resample(torch.from_numpy(samples.T.copy()), rate, draws.RATE).mean(0))
    waveforms = torch.stack(sounds).numpy()
    return {"waveforms": waveforms, "resampled": waveforms}


def encode(said: list, config: dict) -> np.ndarray:
    """(8, C, T) labels as the recipe's loaders give them; a weak clip has its labels in frame 0."""
    import pandas as pd
    from desed_task.dataio.datasets import process_labels
    from desed_task.utils.encoder import ManyHotEncoder
    from local.classes_dict import classes_labels

    encoder = ManyHotEncoder(
        list(classes_labels), audio_len=draws.SECONDS, frame_len=2048, frame_hop=256, net_pooling=4,
        fs=draws.RATE,
    )  # fmt: skip
    found = np.zeros((8, len(classes_labels), encoder.n_frames))
    for number, labels in enumerate(said):
        if labels and isinstance(labels[0], str):
            found[number, :, 0] = encoder.encode_weak(labels)
        elif labels:
            table = pd.DataFrame(labels, columns=["onset", "offset", "event_label"])
            found[number] = encoder.encode_strong_df(process_labels(table, 0, 0)).T
    return found


def train(config: dict, waveforms: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """The recipe's own training step, 120 times in float64."""
    import local.sed_trainer as trainer
    from desed_task import data_augm
    from desed_task.nnet.CRNN import CRNN
    from desed_task.utils.encoder import ManyHotEncoder
    from desed_task.utils.schedulers import ExponentialWarmup
    from local.classes_dict import classes_labels

    student = fill(CRNN(**config["net"]), SEED).double()
    optimiser = torch.optim.Adam(student.parameters(), 1e-3, betas=(0.9, 0.999))
    schedule = ExponentialWarmup(optimiser, config["opt"]["lr"], draws.WARMUP)
    encoder = ManyHotEncoder(
        list(classes_labels), draws.SECONDS, frame_len=2048, frame_hop=256, net_pooling=4,
        fs=draws.RATE,
    )  # fmt: skip
    module = trainer.SEDTask4(
        config, encoder, student, opt=optimiser, scheduler={"scheduler": schedule}
    ).double()
    module.train()
    logs: dict[str, list[float]] = {}
    module.log = lambda key, value, *rest, **options: logs.setdefault(key, []).append(float(value))
    place = {"step": 0, "network": draws.STUDENT, "layer": 0}

    def drop(x, p=0.5, training=True, inplace=False):
        if not training:
            return x
        mask = draws.dropout(place["step"], place["network"], place["layer"], tuple(x.shape))
        place["layer"] += 1
        return x * torch.from_numpy(mask)

    functional.dropout = drop
    detect = module.detect

    def detect_as(mel, network):
        place.update(network=int(network is module.sed_teacher), layer=0)
        return detect(mel, network)

    module.detect = detect_as
    bce = module.supervised_loss
    bce.forward = lambda found, wanted: functional.binary_cross_entropy(
        found, wanted.to(found.dtype)
    )
    mel = module.float().mel_spec(torch.from_numpy(waveforms))
    found = {"scaled": module.scaler(module.take_log(mel)).numpy()}
    module.double()
    for step in range(draws.STEPS):
        mixes = draws.mixup(step)
        queue = iter(mixes or [])
        current: list = []

        def beta(*_, queue=queue, current=current):
            current[:] = next(queue)
            return current[0]

        trainer.random.random = lambda mixes=mixes: 1.0 if mixes is None else 0.0
        data_augm.np.random.beta = beta
        data_augm.torch.randperm = lambda n, current=current: torch.from_numpy(current[1])
        place["step"] = step
        clips = draws.batch(step)
        audio = torch.from_numpy(waveforms[clips]).double()
        loss = module.training_step((audio, torch.from_numpy(labels[clips]), None), step)
        module.on_before_zero_grad()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        logs.setdefault("train/loss_total", []).append(float(loss))
    keep = ("loss", "tot_self", "self_sup", "weight")
    found |= {key: np.array(v) for key, v in logs.items() if any(word in key for word in keep)}
    module.train(False)
    with torch.no_grad():
        mel = module.mel_spec(torch.from_numpy(waveforms).double())
        for name, network in (("student", module.sed_student), ("teacher", module.sed_teacher)):
            strong, weak = detect(mel, network)
            found |= {f"final/{name}/strong": strong.numpy(), f"final/{name}/weak": weak.numpy()}
    return found


if __name__ == "__main__":
    main()
