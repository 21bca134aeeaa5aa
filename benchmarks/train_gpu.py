"""Training steps a second of a full-size system, the baseline beside a plain loop around it.

A step is one of the training as it runs: audio resident on the device, index batches, Lightning.
Systems are those of config.yaml, with noise for clips: `crnn`, the baseline; `beats_2023`, which
reads embeddings, here random ones of the published shape; `atst_sed`, which trains its ATST-Frame
along, here with random weights of the published size, and whose teacher has one of its own.

`crnn` takes turns with what one would write first, in the same process on the same corpus: a
DataLoader whose workers read each clip, labels by boolean masks, one scalar fetched from the device
per loss. Network, front end and losses are the same code.

    python benchmarks/train_gpu.py                  with a GPU: 200 steps each, fp32 and bf16
    python benchmarks/train_gpu.py --system atst_sed
    python benchmarks/train_gpu.py --steps 2        without one; --divisor 12 for smaller batches

Writes benchmarks/results/train_<system>_<device>.json. Memory is the most that tensors took on the
GPU, resident clips among them.
"""

import argparse
import copy
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
import yaml
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from sed_core.config.batch_parts import shares
from sed_core.config.system import System
from sed_core.config.systems import systems, trained_part
from sed_core.data.corpus import Corpus, write_corpus
from sed_core.data.layout import PreparedData
from sed_core.features.embeddings.embedding_file import EmbeddingWriter
from sed_core.features.embeddings.encoder import Encoder
from sed_core.features.embeddings.encoder_registry import encoder_class
from sed_core.models.end_to_end import EndToEnd
from sed_core.runtime.files import write_json
from sed_core.runtime.memory import keep_freed_memory
from sed_core.runtime.provenance import hardware, packages
from sed_core.training.batches import BatchIndices
from sed_core.training.ema import averaged, update_teacher
from sed_core.training.fit import quieten
from sed_core.training.loaders import training_loader
from sed_core.training.loss.squared_error import squared_error
from sed_core.training.losses import BatchLayout, consistency, supervised
from sed_core.training.mean_teacher import MeanTeacher
from sed_core.training.training_data import TrainingData, load_training_data

ROOT = Path(__file__).resolve().parents[1]
CLIPS = {"synth": 240, "strong": 48, "weak": 200, "unlabelled": 240, "synth_val": 4}
SAMPLES = 160_000
EPOCH = 118
"""Steps of an epoch on DESED, by which schedules go."""
Runs = dict[str, Callable[[], float]]


def configured(name: str, divisor: int) -> System:
    """A system of config.yaml, the numbers of clips in its batches divided."""
    full = yaml.safe_load((ROOT / "config.yaml").read_text())
    content = trained_part(name, systems(full)[name], full)
    training = content["training"]
    training["batch_size"] = [size // divisor for size in training["batch_size"]]
    for part in training["strong_parts"]:
        part["clips"] //= divisor
    return System.from_dict(content)


def random_encoder(system: System) -> Encoder:
    """The pretrained network of a system, without its weights."""
    return encoder_class(str(system.pretrained.network), system.pretrained.options)()


def make_data(folder: Path, system: System) -> None:
    """Noise with one event a clip; what is in it does not matter for the time."""
    rng = np.random.default_rng(0)
    data, classes = PreparedData(folder), system.dataset.classes
    data.audio("weak").parent.mkdir()
    data.ground_truth("weak").parent.mkdir()
    for split in system.data.splits:
        count = CLIPS[split]
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
    if system.reads_embeddings:
        make_embeddings(data, system)


def make_embeddings(data: PreparedData, system: System) -> None:
    """Noise in the shape of what the pretrained network gives."""
    rng = np.random.default_rng(1)
    encoder, kind = random_encoder(system).eval(), system.pretrained.stored
    with torch.no_grad():
        shape = encoder.embed(torch.zeros(1, SAMPLES), kind).shape[1:]
    for split in system.data.splits:
        path = data.embeddings(system.pretrained, split)
        path.parent.mkdir(parents=True, exist_ok=True)
        names = Corpus.open(data.audio(split)).filenames
        times = encoder.frame_times(SAMPLES)
        writer = EmbeddingWriter(path, filenames=names, times=times, shape=shape, provenance={})
        for _ in names:
            writer.add(rng.standard_normal((1, *shape), dtype=np.float32))
        writer.finish()


class Clips(Dataset):
    """Reads a clip when asked for it, in a worker."""

    def __init__(self, folder: Path, training_data: TrainingData) -> None:
        self.folder, self.splits = folder, ("synth", "weak", "unlabelled")
        self.corpora: list[Corpus] = []
        self.labels, self.weak_labels = training_data.labels.cpu(), training_data.weak_labels.cpu()
        self.counts = np.cumsum([0, *(CLIPS[split] for split in self.splits)])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, clip: int) -> tuple[Tensor, Tensor, Tensor, int]:
        if not self.corpora:
            paths = [PreparedData(self.folder).audio(split) for split in self.splits]
            self.corpora = [Corpus.open(path) for path in paths]
        part = int(np.searchsorted(self.counts, clip, side="right")) - 1
        samples = self.corpora[part].gather([clip - self.counts[part]], SAMPLES)[0]
        wave = torch.from_numpy(samples)
        return wave, self.labels[clip].float(), self.weak_labels[clip].float(), part


class Clock(lightning.Callback):
    """Seconds of the steps after the warm-up."""

    def __init__(self, warmup: int) -> None:
        self.warmup, self.seconds = warmup, 0.0

    def on_train_batch_end(
        self, trainer: Any, module: Any, outputs: Any, batch: Any, index: int
    ) -> None:
        if index + 1 == self.warmup:
            self.began = now()
        self.seconds = now() - self.began if index + 1 == trainer.num_training_batches else 0.0


def now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def batches_of(training_data: TrainingData, steps: int) -> BatchIndices:
    config = training_data.system.training
    clips = [*training_data.strong_parts, training_data.weak, training_data.unlabelled]
    return BatchIndices(clips, shares(config.strong_parts, config.batch_size), seed=0, steps=steps)


def mean_teacher(training_data: TrainingData) -> MeanTeacher:
    """The module as `fit` makes it, but for the weights of the pretrained network inside."""
    system, embeddings = training_data.system, training_data.embeddings
    inside = EndToEnd(random_encoder(system), system) if system.pretrained.e2e else None
    if inside is not None:
        inside.freeze_unused()
    return MeanTeacher(
        system,
        warmup=system.training.n_epochs_warmup * EPOCH,
        seed=0,
        embedding_size=embeddings.size if embeddings else None,
        pretrained=inside,
        epoch=EPOCH,
    )


def ours(training_data: TrainingData, *, steps: int, warmup: int, precision: str) -> float:
    """Steps a second of the training itself."""
    clock = Clock(warmup)
    trainer = lightning.Trainer(
        max_epochs=1, precision=precision, callbacks=[clock], logger=False, devices=1,
        enable_progress_bar=False, enable_checkpointing=False, enable_model_summary=False,
        limit_val_batches=0, accelerator="auto", use_distributed_sampler=False,
    )  # fmt: skip
    module = mean_teacher(training_data)
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
    module, layout = mean_teacher(training_data), BatchLayout.of(training_data.system)
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
                goal_strong, goal_weak = teacher(inputs)
        found = strong.float(), weak.float()
        goal = goal_strong.float(), goal_weak.float()
        strong_loss, weak_loss = supervised(
            found, labels[part == 0], weak_labels[part == 1], layout, loss=module.loss
        )
        same = consistency(found, goal, distance=squared_error)
        adam.zero_grad()
        (strong_loss + weak_loss + sum(same)).backward()
        adam.step()
        update_teacher(averaged(teacher), averaged(student), alpha=0.999)
        [value.item() for value in (strong_loss, weak_loss, *same)]  # for the log
        if index + 1 == warmup:
            began = now()
    return steps / (now() - began)


def in_turns(runs: Runs, rounds: int, clips: int) -> dict[str, Any]:
    """What each makes of a step, by its median over the rounds."""
    rates: dict[str, list[float]] = {name: [] for name in runs}
    peaks = dict.fromkeys(runs, 0)
    for turn in range(rounds):  # whoever comes first faults the memory in
        for name in sorted(runs, reverse=turn % 2 == 1):
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.reset_peak_memory_stats()
            rates[name].append(runs[name]())
            if torch.cuda.is_available():
                peaks[name] = max(peaks[name], torch.cuda.max_memory_allocated())
    median = {name: statistics.median(values) for name, values in rates.items()}
    found: dict[str, Any] = {"steps_per_second": median, "all": rates}
    found["step_ms"] = {name: 1000 / rate for name, rate in median.items()}
    found["clips_per_second"] = {name: clips * rate for name, rate in median.items()}
    if torch.cuda.is_available():
        found["peak_gb"] = {name: peak / 1e9 for name, peak in peaks.items()}
    if "plain" in runs:
        found["ratio"] = median["ours"] / median["plain"]
    return found


def main() -> None:
    on_gpu = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--system", choices=("crnn", "beats_2023", "atst_sed"), default="crnn")
    parser.add_argument(
        "--steps", type=int, default=200 if on_gpu else 2, help="timed steps a round"
    )
    parser.add_argument("--warmup", type=int, default=20 if on_gpu else 1)
    parser.add_argument("--rounds", type=int, default=4 if on_gpu else 2, help="of each, in turns")
    parser.add_argument(
        "--workers", type=int, default=6 if on_gpu else 0, help="of the plain loader"
    )
    parser.add_argument("--divisor", type=int, default=1, help="of the numbers of clips in a batch")
    parser.add_argument("--threads", type=int, help="CPU threads")
    options = parser.parse_args()
    keep_freed_memory()
    quieten()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.device("cuda" if on_gpu else "cpu")
    system = configured(options.system, options.divisor)
    batch = sum(system.training.batch_size)
    named = torch.cuda.get_device_name() if on_gpu else "CPU"
    content: dict[str, Any] = {"device": named, "system": options.system, "batch": batch}
    content |= {"hardware": hardware(), "packages": packages()}
    content |= {key: getattr(options, key) for key in ("steps", "warmup", "rounds", "workers")}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_data(folder, system)
        training_data = load_training_data(system, folder, seed=0, device=device)
        for precision in ("32-true", "bf16-mixed"):
            counts = {"steps": options.steps, "warmup": options.warmup, "precision": precision}
            runs: Runs = {"ours": partial(ours, training_data, **counts)}
            if options.system == "crnn":
                more = {**counts, "workers": options.workers}
                runs["plain"] = partial(plain, training_data, folder, **more)
            content[precision] = in_turns(runs, options.rounds, batch)
            print(precision, json.dumps(content[precision]), flush=True)
    file = f"train_{options.system}_{named.lower().replace(' ', '_')}.json"
    path = ROOT / "benchmarks/results" / file
    write_json(path, content, decimals=4)
    print(path)


if __name__ == "__main__":
    main()
