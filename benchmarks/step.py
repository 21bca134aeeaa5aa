"""Time one mean-teacher step on the CPU, against the same step made of plain torch layers.

The two run in processes of their own, in turns, because the plain one keeps the C library's
default of returning memory to the system, which ours turns off. With one thread CPU seconds are
counted, which other work on the machine disturbs less.

    python benchmarks/step.py [--precision bf16] [--filters 4 8 16 32 32 32 32 --batch 12]
"""

import argparse
import copy
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from sed_core.features.logmel import MelSpectrogram, amplitude_to_db
from sed_core.features.scaler import Scaler
from sed_core.models.crnn import build_crnn
from sed_core.models.heads import attention_pool
from sed_core.runtime.memory import keep_freed_memory

PARTS = ("mel", "teacher", "student", "backward", "update")
N_CLASSES, SAMPLES = 10, 160_000


class Plain(nn.Module):
    """The CRNN as one would write it: torch's own layers and dropout, default memory format."""

    crnn: Any

    def __init__(self, crnn: Any) -> None:
        super().__init__()
        self.crnn = crnn
        self.layers: nn.Module = crnn.cnn.cnn.to(memory_format=torch.contiguous_format)
        for name, layer in list(self.layers.named_children()):
            if name.startswith("dropout"):
                setattr(self.layers, name, nn.Dropout(layer.p))
        self.dropout = nn.Dropout(crnn.dropout.p)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.layers(x.transpose(1, 2).unsqueeze(1)).squeeze(-1).transpose(1, 2)
        x = self.dropout(self.crnn.rnn.rnn(x)[0])
        strong = torch.sigmoid(self.crnn.dense(x))
        weak = attention_pool(strong, self.crnn.dense_softmax(x), axis="class")
        return strong.transpose(1, 2), weak


def plain_mel(mel: MelSpectrogram, waveform: Tensor) -> Tensor:
    spectrum = torch.stft(
        waveform, mel.n_fft, mel.hop_length, window=mel.window, return_complex=True
    )
    return (spectrum.abs().transpose(1, 2) @ mel.filterbank).transpose(1, 2)


def forward_flop(filters: list[int], n_rnn_cell: int) -> int:
    """Floating-point operations of one clip's forward pass: convolutions, GLU, GRU, outputs."""
    network = Plain(build_crnn({"nb_filters": filters, "n_RNN_cell": n_rnn_cell}, N_CLASSES))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(torch.zeros(1, 128, 626))
    return counter.get_total_flops()


def clock() -> Callable[[], float]:
    return time.process_time if torch.get_num_threads() == 1 else time.perf_counter


def gemm_gflops(dtype: torch.dtype, size: int = 2048) -> float:
    a, b = torch.randn(2, size, size).to(dtype)
    now, seconds = clock(), []
    for _ in range(10):
        start = now()
        torch.mm(a, b)
        seconds.append(now() - start)
    return 2 * size**3 / min(seconds) / 1e9


def time_steps(options: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds of each part of each step, the first one (warm-up) left out."""
    ours = options.worker == "ours"
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    if ours:
        keep_freed_memory()
    net = {"nb_filters": options.filters, "n_RNN_cell": options.cells}
    crnn = build_crnn(net, N_CLASSES).train()
    student: nn.Module = crnn if ours else Plain(crnn)
    teacher = copy.deepcopy(student).requires_grad_(False)
    mel, scaler = MelSpectrogram(), Scaler()
    to_mel = mel if ours else lambda waveform: plain_mel(mel, waveform)
    adam = torch.optim.Adam(student.parameters(), 1e-3, fused=ours)
    waveform = 0.1 * torch.randn(options.batch, SAMPLES)
    strong_part, weak_part = options.batch // 4, options.batch // 2
    labels = (torch.rand(options.batch, N_CLASSES, 156) < 0.1).float()
    seconds: dict[str, list[float]] = {part: [] for part in PARTS}
    now = clock()

    @contextmanager
    def timed(part: str) -> Iterator[None]:
        start = now()
        yield
        seconds[part].append(now() - start)

    for _ in range(options.steps + 1):
        with timed("mel"), torch.no_grad():
            x = scaler(amplitude_to_db(to_mel(waveform)))
        reduced = torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16")
        with timed("teacher"), torch.no_grad(), reduced:
            goal_strong, goal_weak = (y.float() for y in teacher(x))
        with timed("student"), reduced:
            strong, weak = (y.float() for y in student(x))
        with timed("backward"):
            loss = (
                functional.binary_cross_entropy(strong[:strong_part], labels[:strong_part])
                + functional.binary_cross_entropy(
                    weak[strong_part:weak_part], labels[strong_part:weak_part, :, 0]
                )
                + functional.mse_loss(strong, goal_strong)
                + functional.mse_loss(weak, goal_weak)
            )
            adam.zero_grad()
            loss.backward()
        with timed("update"), torch.no_grad():
            torch._foreach_lerp_(list(teacher.parameters()), list(student.parameters()), 0.001)
            adam.step()
    return {part: values[1:] for part, values in seconds.items()}


def run_worker(options: argparse.Namespace, worker: str) -> dict[str, list[float]]:
    arguments = [sys.executable, __file__, *sys.argv[1:], "--worker", worker]
    return json.loads(subprocess.run(arguments, check=True, capture_output=True).stdout)


def report(options: argparse.Namespace) -> None:
    """Run both variants in turns and print seconds, effective speed, parts and the ratio."""
    torch.set_num_threads(options.threads)
    dtype = torch.bfloat16 if options.precision == "bf16" else torch.float32
    ceiling = gemm_gflops(dtype)
    # Student forward, its backward (twice the forward) and teacher forward; mel is not counted.
    gflop = 4 * options.batch * forward_flop(options.filters, options.cells) / 1e9
    seconds: dict[str, dict[str, list[float]]] = {}
    for _ in range(options.rounds):
        for worker in ("ours", "plain"):
            parts = run_worker(options, worker)
            kept = seconds.setdefault(worker, {part: [] for part in PARTS})
            for part in PARTS:
                kept[part] += parts[part]
    print(f"batch {options.batch}, filters {options.filters}, cells {options.cells}, ", end="")
    print(f"{options.precision}, {options.threads} threads, {gflop:.1f} GFLOP a step, ", end="")
    print(f"GEMM {ceiling:.0f} GFLOP/s")
    print(
        f"{'':8}{'best s':>9}{'median s':>10}{'GFLOP/s':>9}  "
        + "".join(map("{:>10}".format, PARTS))
    )
    totals = {}
    for worker, parts in seconds.items():
        steps = [sum(step) for step in zip(*parts.values(), strict=True)]
        totals[worker] = (min(steps), statistics.median(steps))
        fastest, middle = totals[worker]
        broken_down = "".join(f"{min(parts[part]):10.3f}" for part in PARTS)
        print(f"{worker:8}{fastest:9.3f}{middle:10.3f}{gflop / fastest:9.1f}  {broken_down}")
    ratios = [plain / ours for ours, plain in zip(totals["ours"], totals["plain"], strict=True)]
    print(f"ratio   {ratios[0]:9.2f}{ratios[1]:10.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=48, help="clips a step")
    parser.add_argument(
        "--filters", type=int, nargs=7, default=[16, 32, 64, 128, 128, 128, 128], help="CNN widths"
    )
    parser.add_argument("--cells", type=int, default=128, help="GRU cells per direction")
    parser.add_argument("--precision", choices=["32", "bf16"], default="32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=2, help="timed steps a process")
    parser.add_argument("--rounds", type=int, default=3, help="processes per variant")
    parser.add_argument("--worker", choices=["ours", "plain"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(time_steps(options)))
    else:
        report(options)


if __name__ == "__main__":
    main()
