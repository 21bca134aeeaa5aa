"""Training steps a second of the full-size baseline, against a plain loop around the same network.

Both take batches of 48 clips of 10 s from the same corpus in the same process, in turns. Ours is
the training as it runs: audio resident on the device, index batches, Lightning. The plain loop is
what one would write first: a DataLoader whose workers read each clip, labels by boolean masks, one
scalar fetched from the device per loss. Network, front end and losses are the same code.

    python benchmarks/train_gpu.py                  with a GPU: 200 steps each, fp32 and bf16
    python benchmarks/train_gpu.py --steps 2        without one

Writes benchmarks/results/train_<device>.json.
"""

import argparse
import copy
import json
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import lightning
import numpy as np
import torch
import yaml
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from sed_core.config.system import System
from sed_core.config.systems import systems, trained_part
from sed_core.data.corpus import Corpus, write_corpus
from sed_core.data.layout import PreparedData
from sed_core.runtime.files import write_json
from sed_core.runtime.memory import keep_freed_memory
from sed_core.runtime.provenance import hardware, packages
from sed_core.training.batches import BatchIndices
from sed_core.training.ema import averaged, update_teacher
from sed_core.training.fit import quieten
from sed_core.training.loaders import training_loader
from sed_core.training.losses import BatchLayout, consistency, supervised
from sed_core.training.mean_teacher import MeanTeacher
from sed_core.training.training_data import TrainingData, load_training_data

ROOT = Path(__file__).resolve().parents[1]
CLIPS = {"synth": 240, "weak": 200, "unlabelled": 240, "synth_val": 4}
SAMPLES = 160_000


def baseline() -> System:
    """The `crnn` system of config.yaml."""
    full = yaml.safe_load((ROOT / "config.yaml").read_text())
    return System.from_dict(trained_part("crnn", systems(full)["crnn"], full))


def make_data(folder: Path, classes: list[str]) -> None:
    """Noise with one event a clip; what is in it does not matter for the time."""
    rng = np.random.default_rng(0)
    data = PreparedData(folder)
    data.audio("weak").parent.mkdir()
    data.ground_truth("weak").parent.mkdir()
    for split, count in CLIPS.items():
        names = [f"{split}_{number:04d}.wav" for number in range(count)]
        write_corpus(
            data.audio(split),
            filenames=names,
            digests=names,
            lengths=[SAMPLES] * count,
            clips=(0.1 * rng.standard_normal(SAMPLES, dtype=np.float32) for _ in names),
            sample_rate=16000,
        )
        labels = [classes[number % len(classes)] for number in range(count)]
        header, rows = (
            "filename\tonset\toffset\tevent_label",
            [f"{name}\t1.0\t3.0\t{label}" for name, label in zip(names, labels, strict=True)],
        )
        if split == "weak":
            header = "filename\tevent_labels"
            rows = [f"{name}\t{label}" for name, label in zip(names, labels, strict=True)]
        data.ground_truth(split).write_text("\n".join([header, *rows]) + "\n")


class Clips(Dataset):
    """Reads a clip when asked for it, in a worker."""

    def __init__(self, folder: Path, training_data: TrainingData) -> None:
        self.folder, self.corpora = folder, None
        self.labels, self.weak_labels = training_data.labels.cpu(), training_data.weak_labels.cpu()
        self.counts = np.cumsum([0, *(CLIPS[split] for split in ("synth", "weak", "unlabelled"))])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, clip: int) -> tuple[Tensor, Tensor, Tensor, int]:
        if self.corpora is None:
            paths = [PreparedData(self.folder).audio(split) for split in CLIPS]
            self.corpora = [Corpus.open(path) for path in paths]
        part = int(np.searchsorted(self.counts, clip, side="right")) - 1
        samples = self.corpora[part].gather([clip - self.counts[part]], SAMPLES)[0]
        wave = torch.from_numpy(samples)
        return wave, self.labels[clip].float(), self.weak_labels[clip].float(), part


class Clock(lightning.Callback):
    """Seconds of the steps after the warm-up."""

    def __init__(self, warmup: int) -> None:
        self.warmup, self.seconds = warmup, 0.0

    def on_train_batch_end(self, trainer, module, outputs, batch, index) -> None:
        if index + 1 == self.warmup:
            self.began = now()
        self.seconds = now() - self.began if index + 1 == trainer.num_training_batches else 0.0


def now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def batches_of(training_data: TrainingData, steps: int) -> BatchIndices:
    parts = [training_data.strong, training_data.weak, training_data.unlabelled]
    return BatchIndices(parts, training_data.system.training.batch_size, seed=0, steps=steps)


def ours(training_data: TrainingData, *, steps: int, warmup: int, precision: str) -> float:
    """Steps a second of the training itself."""
    clock = Clock(warmup)
    trainer = lightning.Trainer(
        max_epochs=1, precision=precision, callbacks=[clock], logger=False, devices=1,
        enable_progress_bar=False, enable_checkpointing=False, enable_model_summary=False,
        limit_val_batches=0, accelerator="auto", use_distributed_sampler=False,
    )  # fmt: skip
    module = MeanTeacher(training_data.system, warmup=5900, seed=0)
    trainer.fit(module, training_loader(training_data, batches_of(training_data, warmup + steps)))
    return steps / clock.seconds


def plain(
    training_data: TrainingData,
    folder: Path,
    *,
    steps: int,
    warmup: int,
    precision: str,
    workers: int,
) -> float:
    """Steps a second of a plain loop."""
    device = training_data.audio.device
    module = MeanTeacher(training_data.system, warmup=5900, seed=0)
    student, front = module.student.to(device), module.front.to(device)
    teacher = copy.deepcopy(module.teacher).to(device)
    adam = torch.optim.Adam(student.parameters(), 1e-3)
    loader = DataLoader(
        Clips(folder, training_data),
        batch_sampler=list(batches_of(training_data, warmup + steps)),
        num_workers=workers,
    )
    half = precision == "bf16-mixed"
    for index, batch in enumerate(loader):
        waveforms, labels, weak_labels, part = (value.to(device) for value in batch)
        with torch.no_grad():
            inputs = front(waveforms)
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            strong, weak = student(inputs)
            with torch.no_grad():
                goal = tuple(value.float() for value in teacher(inputs))
        found = strong.float(), weak.float()
        strong_loss, weak_loss = supervised(
            found, labels[part == 0], weak_labels[part == 1], BatchLayout(12, 12)
        )
        same = consistency(found, goal, kind="mse")
        adam.zero_grad()
        (strong_loss + weak_loss + sum(same)).backward()
        adam.step()
        update_teacher(averaged(teacher), averaged(student), alpha=0.999)
        [value.item() for value in (strong_loss, weak_loss, *same)]  # for the log
        if index + 1 == warmup:
            began = now()
    return steps / (now() - began)


def main() -> None:
    on_gpu = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--steps", type=int, default=200 if on_gpu else 2, help="timed steps a round"
    )
    parser.add_argument("--warmup", type=int, default=20 if on_gpu else 1)
    parser.add_argument("--rounds", type=int, default=4 if on_gpu else 2, help="of each, in turns")
    parser.add_argument(
        "--workers", type=int, default=6 if on_gpu else 0, help="of the plain loader"
    )
    parser.add_argument("--threads", type=int, help="CPU threads")
    options = parser.parse_args()
    keep_freed_memory()
    quieten()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.device("cuda" if on_gpu else "cpu")
    system = baseline()
    named = torch.cuda.get_device_name() if on_gpu else "CPU"
    content = {"device": named, "batch": 48, "hardware": hardware(), "packages": packages()}
    content |= {key: getattr(options, key) for key in ("steps", "warmup", "rounds", "workers")}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_data(folder, system.dataset.classes)
        training_data = load_training_data(system, folder, seed=0, device=device)
        for precision in ("32-true", "bf16-mixed"):
            rates: dict[str, list[float]] = {"ours": [], "plain": []}
            counts = {"steps": options.steps, "warmup": options.warmup, "precision": precision}
            runs = {
                "ours": partial(ours, training_data, **counts),
                "plain": partial(plain, training_data, folder, **counts, workers=options.workers),
            }
            for turn in range(options.rounds):  # whoever comes first faults the memory in
                for key in sorted(runs, reverse=turn % 2 == 1):
                    rates[key].append(runs[key]())
            median = {key: statistics.median(values) for key, values in rates.items()}
            ratio = median["ours"] / median["plain"]
            content[precision] = {"steps_per_second": median, "all": rates, "ratio": ratio}
            print(precision, json.dumps(content[precision]), flush=True)
    path = ROOT / "benchmarks/results" / f"train_{named.lower().replace(' ', '_')}.json"
    write_json(path, content, decimals=4)
    print(path)


if __name__ == "__main__":
    main()
