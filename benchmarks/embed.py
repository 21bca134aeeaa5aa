"""What extraction costs: clips per second of AST base384, and from audio file to embedding file.

    python benchmarks/embed.py [--batch 8] [--rounds 3] [--threads N] [--device cuda]
    python benchmarks/embed.py --weights data/mini/pretrained/ast.pth \\
        --corpus data/mini/audio16k/devtest.h5

The first compares AST as it is here (fused attention) with the plain one of
`plain_transformers.py`, with random weights of the real size. Each has a process of its own and
they take turns, so other load on the machine falls on all of them; ratios are medians over the
rounds, of wall and of processor time. The first row lets the C library hand freed memory back, as
programs do that say nothing about it; the others keep it, as extraction does.

The second asks what bfloat16 changes: for given weights and clips (the first of them here), the
relative difference of each kind of embedding to float32. Then it runs the whole extraction from
HDF5 to HDF5 as the workflow does, and reads batches of 48 clips as training does.
"""

import argparse
import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from plain_transformers import PlainAST

from sed_core.data.corpus import Corpus
from sed_core.features.embeddings.ast import AST
from sed_core.features.embeddings.embedding_file import EmbeddingFile
from sed_core.features.embeddings.encoder_weights import load_encoder, obtain_weights
from sed_core.features.embeddings.extract import extract
from sed_core.features.embeddings.resident_embeddings import ResidentEmbeddings
from sed_core.runtime.memory import keep_freed_memory

VARIANTS = {  # whether attention is fused, precision, whether freed memory is kept
    "plain fp32": (False, "32-true", False),
    "plain fp32, kept": (False, "32-true", True),
    "fused fp32": (True, "32-true", True),
    "fused bf16": (True, "bf16-mixed", True),
}
BASE = "plain fp32"
N_SAMPLES = 160000
CLIPS = 8  # whose embeddings are compared


def random_encoder() -> AST:
    """The same weights for all; positions as large as trained ones."""
    torch.manual_seed(0)
    encoder = AST()
    torch.nn.init.normal_(encoder.pos_embed, std=0.02)
    return encoder.eval()


@torch.inference_mode()
def work(args: argparse.Namespace) -> None:
    """One variant: a batch for every line that comes in; tokens in the end."""
    fused, precision, keep = VARIANTS[args.worker]
    if keep:
        keep_freed_memory()
    torch.set_num_threads(args.threads)
    encoder = random_encoder().to(args.device)
    run: Callable[[torch.Tensor], torch.Tensor]
    if fused:
        run = partial(encoder.rounded(precision).embed, kind="frame", precision=precision)
    else:
        run = plain = PlainAST().eval().to(args.device)
        plain.load_state_dict(encoder.state_dict(), strict=False)  # all but the head
    torch.manual_seed(1)
    waveforms = 0.1 * torch.randn(args.batch, N_SAMPLES, device=args.device)
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        tokens = run(waveforms)
        if waveforms.is_cuda:
            torch.cuda.synchronize()
        print(time.perf_counter() - wall, time.process_time() - cpu, flush=True)
    memory = io.BytesIO()
    np.save(memory, tokens.cpu().numpy())
    sys.stdout.buffer.write(memory.getvalue())


def compare(args: argparse.Namespace) -> None:
    """Let the variants take turns and print their speeds."""
    command = [sys.executable, __file__, *sys.argv[1:], "--worker"]
    workers = {
        name: subprocess.Popen([*command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for name in VARIANTS
    }
    walls: dict[str, list[float]] = {name: [] for name in VARIANTS}
    busy: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for turn in range(args.rounds + 1):
        for name, worker in workers.items():
            assert worker.stdin and worker.stdout
            worker.stdin.write(b"\n")
            worker.stdin.flush()
            wall, cpu = map(float, worker.stdout.readline().split())
            if turn:  # the first round warms up
                walls[name].append(wall)
                busy[name].append(cpu)
    tokens = {
        name: np.load(io.BytesIO(worker.communicate()[0])) for name, worker in workers.items()
    }
    print(f"AST base384, {args.batch} clips, {args.rounds} rounds, {args.threads} threads")
    print(f"{'':20} clips/s   times {BASE}: by wall, by processor time   relative difference")
    for name in VARIANTS:
        by_wall, by_cpu = (
            statistics.median(slow / fast for slow, fast in zip(of[BASE], of[name], strict=True))
            for of in (walls, busy)
        )
        speed = args.batch / statistics.median(walls[name])
        apart = difference(tokens[name], tokens[BASE])
        print(f"{name:20} {speed:7.3f} {by_wall:37.2f} {by_cpu:19.2f} {apart:21.1e}")


def difference(found: np.ndarray, expected: np.ndarray) -> float:
    """Norm of the difference over that of the expected."""
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


@torch.inference_mode()
def check(args: argparse.Namespace) -> None:
    """Given weights on given clips: precision of bfloat16, cost of the whole way and of reading."""
    keep_freed_memory()
    torch.set_num_threads(args.threads)
    encoder = load_encoder(args.encoder, args.weights).to(args.device)
    corpus = Corpus.open(args.corpus)
    samples = torch.from_numpy(corpus.gather(range(min(CLIPS, len(corpus))), N_SAMPLES))
    waveforms = samples.to(args.device)
    print(f"relative difference of bf16 to fp32, {len(waveforms)} clips:", end="")
    for kind in encoder.kinds:
        low, high = (
            encoder.embed(waveforms, kind, precision=precision).cpu().numpy()
            for precision in ("bf16-mixed", "32-true")
        )
        print(f" {kind} {difference(low, high):.1e}", end="")
    print()
    receipt = obtain_weights(args.weights, urls=(), checksum=None)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "frame.h5"
        begin = time.perf_counter()
        count = extract(
            encoder.for_extraction("bf16-mixed"),
            args.corpus,
            target,
            kind="frame",
            clip_seconds=N_SAMPLES / encoder.sample_rate,
            batch_size=args.batch,
            precision="bf16-mixed",
            receipt={"encoder": args.encoder, **receipt},
        )
        print(f"HDF5 to HDF5: {count / (time.perf_counter() - begin):.2f} clips/s")
        read(target, torch.device(args.device))


def read(path: Path, device: torch.device) -> None:
    """Time of a clip in batches as training reads them."""
    names = EmbeddingFile.open(path).filenames
    rows = ResidentEmbeddings([path], [names], kind="frame", times=np.empty(0), device=device)
    batch = np.random.default_rng(0).integers(len(names), size=48).tolist()
    rows.gather(batch)
    begin = time.perf_counter()
    for _ in range(10):
        rows.gather(batch)
    if device.type == "cuda":
        torch.cuda.synchronize()
    print(f"reading: {(time.perf_counter() - begin) / 480 * 1e3:.3f} ms a clip")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=8, help="clips at a time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--weights", help="pretrained weights, for the second comparison")
    parser.add_argument("--encoder", default="ast", help="network that they are of")
    parser.add_argument("--corpus", help="16 kHz audio for it")
    parser.add_argument("--worker", choices=VARIANTS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        work(args)
    elif args.weights:
        check(args)
    else:
        compare(args)


if __name__ == "__main__":
    main()
