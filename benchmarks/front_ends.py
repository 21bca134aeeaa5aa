"""Time of a clip in our front ends, as a share of torchaudio's for the same values.

    python benchmarks/front_ends.py [--batch 8] [--threads 1]

Noise of 10 s at 16 kHz; medians of calls that take turns, in processor time on a CPU.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor

from sed_core.features.embeddings.fbank import WINDOW, fbank, kaldi_filterbank
from sed_core.features.logmel import MelSpectrogram
from sed_core.features.torchaudio_import import torchaudio
from sed_core.runtime.memory import keep_freed_memory

ON_GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if ON_GPU else "cpu")


def seconds(function: Callable[[Tensor], object], batch: Tensor) -> float:
    clock = time.perf_counter if ON_GPU else time.process_time
    begin = clock()
    function(batch)
    if ON_GPU:
        torch.cuda.synchronize()
    return clock() - begin


def kaldi_fbank(batch: Tensor) -> Tensor:
    """AST's, which takes one clip."""
    options = {"window_type": "hanning", "num_mel_bins": 128, "dither": 0.0, "frame_shift": 10}
    each = (torchaudio.compliance.kaldi.fbank(clip[None], htk_compat=True, use_energy=False, **options) for clip in batch)  # fmt: skip # noqa: E501
    return torch.stack(list(each))


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=40)
    args = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(args.threads)
    filters = kaldi_filterbank(n_mels=128).to(DEVICE)
    window = torch.hann_window(WINDOW, periodic=False, device=DEVICE)
    theirs = torchaudio.transforms.MelSpectrogram(
        16000, 2048, 2048, 256, n_mels=128, power=1.0,
        window_fn=torch.hamming_window, wkwargs={"periodic": False},
    ).to(DEVICE)  # fmt: skip
    pairs: dict[str, tuple[Callable, Callable]] = {
        "mel spectrogram": (MelSpectrogram().to(DEVICE), theirs),
        "Kaldi filter bank": (lambda batch: fbank(batch, filters, window), kaldi_fbank),
    }
    batch = 0.1 * torch.randn(args.batch, 160_000, device=DEVICE)
    for name, pair in pairs.items():
        rounds = [[seconds(function, batch) for function in pair] for _ in range(args.rounds + 2)]
        ours, other = (1e3 * median(times) / args.batch for times in zip(*rounds[2:], strict=True))
        print(
            f"{name}: {ours:.2f} ms a clip, torchaudio {other:.2f}, ratio {ours / other:.2f}; "
            f"largest difference {float((pair[0](batch) - pair[1](batch)).abs().max()):.1e}"
        )


if __name__ == "__main__":
    main()
