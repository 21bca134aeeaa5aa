"""What each pretrained network costs on a CPU, beside the same network written plainly.

    python benchmarks/encoders.py --corpus data/mini/audio16k/devtest.h5 [--yamnet FILE]
        [--clips 8] [--rounds 3] [--threads 1] [encoder ...]

For every entry of `embeddings` in config.yaml, `extract` as rule embed calls it: prepared audio,
batches and precision of the entry, HDF5 with the kind `frame`. Beside it, the network of
`plain_*.py` with the same weights: it reads the same batches, runs in float32 in inference mode and
writes the same rows with h5py. Weights have the published sizes and random values, but for YAMNet's
if they are given. Each has a process of its own, which starts anew for every encoder, and they take
turns after a clip to warm up. Times are those of the processor, in which other load on the machine
is not; on an idle machine with one thread they are wall times. Both arrays are then compared.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
import yaml
from plain_cnns import PlainFrameMN, PlainPANNs, PlainYAMNet
from plain_transformers import PlainAST, PlainATST, PlainBEATs
from torch import nn

from sed_core.data.corpus import Corpus, write_corpus
from sed_core.features.embeddings.embedding_file import EmbeddingFile
from sed_core.features.embeddings.encoder import Encoder
from sed_core.features.embeddings.encoder_registry import encoder_class
from sed_core.features.embeddings.encoder_weights import load_encoder
from sed_core.features.embeddings.extract import extract
from sed_core.features.embeddings.frame_mn import FrameMN
from sed_core.runtime.memory import keep_freed_memory

ENTRIES = yaml.safe_load((Path(__file__).parents[1] / "config.yaml").read_text())["embeddings"]
SECONDS, RATE = 10.0, 16000
WIDTHS = {"frame_mn06": 0.6, "frame_mn10": 1.0}
PLAIN: dict[str, Callable[[], Any]] = {
    "ast": PlainAST,
    "atst_as2m": PlainATST,
    "atst_strong": partial(PlainATST, drop_last=2),
    "beats": PlainBEATs,
    "beats_strong": partial(PlainBEATs, drop_last=2),
    "frame_mn06": partial(PlainFrameMN, 0.6),
    "frame_mn10": partial(PlainFrameMN, 1.0),
    "panns": PlainPANNs,
    "yamnet": PlainYAMNet,
}


def network(name: str, yamnet: str | None) -> Encoder:
    """The entry's network, with random weights that keep a signal alive through all its layers."""
    if name == "yamnet" and yamnet:
        return load_encoder("yamnet", yamnet)
    torch.manual_seed(0)
    entry = ENTRIES[name]
    cls = encoder_class(entry.get("network", name), entry.get("options", {}))
    if issubclass(cls, FrameMN):
        found: Encoder = cls(width=WIDTHS[name])
    else:
        dropped = {"depth": 12 - cls.drop_last} if hasattr(cls, "drop_last") else {}
        found = cls(**dropped)
    for layer in found.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        elif isinstance(layer, nn.BatchNorm2d):
            layer.get_buffer("running_mean").normal_(std=0.1)
            layer.get_buffer("running_var").uniform_(0.8, 1.2)
    for key, tensor in found.named_parameters():
        if "pos" in key and tensor.shape[0] == 1:  # tables of positions, which begin at 0
            nn.init.normal_(tensor, std=0.02)
    return found.eval()


def alike(name: str, source: Encoder) -> nn.Module:
    """The plain network with the weights of ours, by name or, where names differ, by order."""
    plain = PLAIN[name]()
    keys = [key for key in plain.state_dict() if not key.startswith("mel.")]
    theirs = source.state_dict()
    if theirs.keys() >= set(keys):
        state = {key: theirs[key] for key in keys}
    else:
        state = dict(zip(keys, theirs.values(), strict=False))
    plain.load_state_dict(state, strict=False)
    return plain.eval()


def ours(name: str, source: Encoder, corpus: Path, target: Path) -> None:
    """As the workflow does it."""
    entry = ENTRIES[name]
    receipt = {"encoder": entry.get("network", name), "digest": ""}
    options = {"options": entry["options"]} if "options" in entry else {}
    extract(
        source,
        corpus,
        target,
        kind="frame",
        clip_seconds=SECONDS,
        batch_size=entry["batch_size"],
        precision=entry["precision"],
        receipt=receipt | options,
    )


@torch.inference_mode()
def plainly(name: str, plain: nn.Module, corpus: Path, target: Path) -> None:
    """Batches in, rows out."""
    n_samples, size = round(SECONDS * RATE), ENTRIES[name]["batch_size"]
    with h5py.File(corpus) as audio, h5py.File(target, "w") as archive:
        offsets = audio["offsets"][:]
        for first in range(0, len(offsets) - 1, size):
            batch = np.zeros((min(size, len(offsets) - 1 - first), n_samples), np.float32)
            for row, clip in enumerate(batch, first):
                samples = audio["samples"][offsets[row] : offsets[row + 1]][:n_samples]
                clip[: len(samples)] = samples
            rows = plain(torch.from_numpy(batch)).half().numpy()
            if not first:
                shape = (len(offsets) - 1, *rows.shape[1:])
                archive.create_dataset("embeddings", shape, np.float16)
            archive["embeddings"][first : first + len(rows)] = rows


def work(args: argparse.Namespace) -> None:
    """One side: a round for every line that comes in."""
    [name] = args.encoders
    if args.worker == "ours":
        keep_freed_memory()
    torch.set_num_threads(args.threads)
    source = network(name, args.yamnet)
    if args.worker == "ours":
        run = partial(ours, name, source.for_extraction(ENTRIES[name]["precision"]))
    else:
        run = partial(plainly, name, alike(name, source))
        del source
    folder = Path(args.folder)
    for corpus in sys.stdin:
        target = folder / f"{args.worker}.h5"
        target.unlink(missing_ok=True)
        begin = time.process_time()
        run(folder / corpus.strip(), target)
        print(f"seconds {time.process_time() - begin}", flush=True)


def first_clips(corpus: Path, count: int, target: Path) -> None:
    """A corpus of as many clips."""
    source = Corpus.open(corpus)
    count = min(count, len(source))
    write_corpus(
        target,
        filenames=source.filenames[:count],
        digests=source.digests[:count],
        lengths=source.lengths[:count].tolist(),
        clips=[source.samples[: source.offsets[count]]],
        sample_rate=source.sample_rate,
    )


def measure(args: argparse.Namespace, name: str) -> str:
    """A line of the table."""
    times: dict[str, list[float]] = {"ours": [], "plain": []}
    options = ["--threads", str(args.threads), "--corpus", args.corpus]
    options += ["--yamnet", args.yamnet] if args.yamnet else []
    with tempfile.TemporaryDirectory() as folder:
        for file, count in (("one.h5", 1), ("all.h5", args.clips)):
            first_clips(Path(args.corpus), count, Path(folder) / file)
        command = [sys.executable, __file__, name, *options, "--folder", folder, "--worker"]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        workers = {side: subprocess.Popen([*command, side], **pipes) for side in times}
        for turn in range(args.rounds + 1):
            for side, worker in workers.items():
                assert worker.stdin and worker.stdout
                worker.stdin.write("all.h5\n" if turn else "one.h5\n")
                worker.stdin.flush()
                line = next(line for line in worker.stdout if line.startswith("seconds"))
                if turn:
                    times[side].append(float(line.split()[1]))
        for worker in workers.values():
            worker.communicate()
        found = EmbeddingFile.open(Path(folder) / "ours.h5").rows[:].astype(np.float64)
        with h5py.File(Path(folder) / "plain.h5") as archive:
            expected = archive["embeddings"][:].astype(np.float64)
    ratios = [slow / fast for fast, slow in zip(times["ours"], times["plain"], strict=True)]
    speeds = [len(found) / statistics.median(times[side]) for side in times]
    apart = np.linalg.norm(found - expected) / np.linalg.norm(expected)
    worst = np.abs(found - expected).max() / np.abs(expected).max()
    return (
        f"| {name} | {speeds[0]:.2f} | {speeds[1]:.2f} | {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f}) | {apart:.1e} | {worst:.1e} |"
    )


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("encoders", nargs="*", default=list(ENTRIES))
    parser.add_argument(
        "--corpus", required=True, help="16 kHz audio of a split with clips of 10 s"
    )
    parser.add_argument("--clips", type=int, default=8, help="in a round")
    parser.add_argument("--yamnet", help="its published weights")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--worker", choices=("ours", "plain"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        work(args)
        return
    print("| encoder | clips/s | plain | ratio | difference: relative | largest |")
    print("|---|---|---|---|---|---|", flush=True)
    for name in args.encoders:
        print(measure(args, name), flush=True)


if __name__ == "__main__":
    main()
