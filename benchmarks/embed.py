"""Clips per second of AST base384: unfused float32 attention, fused, fused in bfloat16.

    python benchmarks/embed.py [--batch 2] [--rounds 3] [--threads N] [--device cuda]

Random weights of the real size (speed and rounding do not depend on training). All variants take
turns in one process, so other load on the machine falls on all of them; the ratio is the median of
the rounds' ratios. The difference is that of the token embeddings, relative, to unfused float32.
"""

import argparse
import statistics
import time

import torch

from sed_core.features.embeddings.ast import AST
from sed_core.runtime.memory import keep_freed_memory

VARIANTS = {
    "unfused fp32": ("eager", "32-true"),
    "fused fp32": ("sdpa", "32-true"),
    "fused bf16": ("sdpa", "bf16-mixed"),
}


def encoders(device: str) -> dict[str, AST]:
    """The same weights behind both kinds of attention; positions as large as trained ones."""
    torch.manual_seed(0)
    first = AST(attention="eager")
    torch.nn.init.normal_(first.net.embeddings.position_embeddings, std=0.02)
    second = AST.from_state(first.state_dict())
    return {"eager": first.eval().to(device), "sdpa": second.to(device)}


def timed(
    encoder: AST, waveforms: torch.Tensor, precision: str
) -> tuple[float, float, torch.Tensor]:
    """Wall and processor seconds of one batch, and its tokens."""
    wall, cpu = time.perf_counter(), time.process_time()
    tokens = encoder.embed(waveforms, "frame", precision=precision)
    if waveforms.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - wall, time.process_time() - cpu, tokens


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=2, help="clips at a time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    args = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(args.threads)
    made = encoders(args.device)
    waveforms = 0.1 * torch.randn(args.batch, 160000, device=args.device)
    seconds: dict[str, list[float]] = {name: [] for name in VARIANTS}
    walls: dict[str, list[float]] = {name: [] for name in VARIANTS}
    tokens = {}
    with torch.inference_mode():
        for turn in range(args.rounds + 1):
            for name, (attention, precision) in VARIANTS.items():
                wall, cpu, tokens[name] = timed(made[attention], waveforms, precision)
                if turn:  # the first round warms up
                    walls[name].append(wall)
                    seconds[name].append(wall if args.device == "cuda" else cpu)
    base = "unfused fp32"
    print(f"AST base384, {args.batch} clips, {args.rounds} rounds, {args.threads} threads")
    print("variant        clips/s (wall)   times unfused fp32   relative difference")
    for name in VARIANTS:
        pairs = zip(seconds[base], seconds[name], strict=True)
        ratio = statistics.median(slow / fast for slow, fast in pairs)
        speed = args.batch / statistics.median(walls[name])
        difference = torch.linalg.norm(tokens[name] - tokens[base]) / torch.linalg.norm(
            tokens[base]
        )
        print(f"{name:14s} {speed:14.3f} {ratio:20.2f} {difference.item():21.1e}")


if __name__ == "__main__":
    main()
