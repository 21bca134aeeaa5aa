"""What each pretrained network costs on a CPU: 10 s clips a second of processor time.

    python benchmarks/encoders.py [--clips 4] [--rounds 3] [--threads 1] [encoder ...]

Networks of the published sizes with random weights, from waveform to frames, in float32. `plain` is
the same network as one would write it first: clip by clip, attention as matrix products, gradients
not switched off. Both take turns; figures are medians over the rounds. Processor time, because
other load on the machine is not in it; on an idle machine with one thread it is wall time.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from sed_core.features.embeddings.ast import AST
from sed_core.features.embeddings.atst_frame import ATSTFrame
from sed_core.features.embeddings.beats import BEATs
from sed_core.features.embeddings.encoder import Encoder
from sed_core.features.embeddings.frame_mn import FrameMN
from sed_core.features.embeddings.panns import PANNs
from sed_core.features.embeddings.yamnet import YAMNet
from sed_core.runtime.memory import keep_freed_memory

NETWORKS: dict[str, Callable[[], Encoder]] = {
    "frame_mn06": lambda: FrameMN(width=0.6),
    "frame_mn10": lambda: FrameMN(width=1.0),
    "yamnet": YAMNet,
    "yamnet, patch_hop 0.04": YAMNet.configured(patch_hop=0.04),
    "panns": PANNs,
    "atst_frame": ATSTFrame,
    "beats": BEATs,
    "ast": AST,
}


def extraction(network: Encoder, clips: Tensor) -> None:
    """As the workflow does it."""
    with torch.inference_mode():
        network.embed(clips, "frame")


def plain(network: Encoder, clips: Tensor) -> None:
    """As one would write it first."""
    with sdpa_kernel(SDPBackend.MATH):
        for clip in clips:
            network(clip[None])


def seconds(run: Callable[[Encoder, Tensor], None], network: Encoder, clips: Tensor) -> float:
    """Processor time a clip."""
    begin = time.process_time()
    run(network, clips)
    return (time.process_time() - begin) / len(clips)


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("encoders", nargs="*", default=list(NETWORKS))
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    keep_freed_memory()
    torch.manual_seed(0)
    clips = 0.1 * torch.randn(args.clips, 160000)
    print("| encoder | parameters | clips/s | plain | ratio |\n|---|---|---|---|---|")
    for name in args.encoders:
        network = NETWORKS[name]().eval()
        extraction(network, clips[:1])
        pairs = [
            (seconds(extraction, network, clips), seconds(plain, network, clips))
            for _ in range(args.rounds)
        ]
        ours, other = (statistics.median(times) for times in zip(*pairs, strict=True))
        ratio = statistics.median(theirs / mine for mine, theirs in pairs)
        size = sum(p.numel() for p in network.parameters()) / 1e6
        print(
            f"| {name} | {size:.1f} M | {1 / ours:.2f} | {1 / other:.2f} | {ratio:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
