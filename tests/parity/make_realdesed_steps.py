"""Makes reference/realdesed/steps.npz: training steps of RealDESED's public baseline.

    python tests/parity/make_realdesed_steps.py --peer CHECKOUT --out FILE

CHECKOUT is fschmid56/RealDESED at commit d42edf7 (MIT). Beside what tests need the environment has
einops and transformers. Its training step, network, mixup, warp, optimiser and rates run as they
are on the six clips of golden/audio.npz with made-up soft labels. ATST-Frame has two blocks of one
head, and weights are filled as in fill.py. Everything is float64; the original's warp is float32
whatever it is given, so `torch.float` means float64 while this runs.
"""

import argparse
import random
import sys
import types
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]
from fill import fill, noise  # noqa: E402

from sed_core.features import torchaudio_import  # noqa: E402, F401 - then the original's import works

SEED, STEPS, WARMUP, TOTAL = 1, 5, 2, 10
WIDTH, BLOCKS, CLASSES, FRAMES = 64, 2, 15, 250
DECISIONS = [(0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9), (0.1, 0.1)]
"""Of each step: the numbers that decide on mixup and on the warp; both happen below 0.5."""


def main() -> None:
    """Run the steps and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("peer", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    args = parser.parse_args()
    sys.path.insert(0, str(args.peer))
    torch.set_num_threads(1)
    torch.float, torch.Tensor.float = torch.float64, torch.Tensor.double
    sys.modules["wandb"] = types.ModuleType("wandb")
    np.savez_compressed(args.out, **run())


def network() -> tuple[Any, Any]:
    """The original's script, and its module with a small ATST-Frame, filled."""
    import train
    from models.atstframe import ATSTF_wrapper, audio_transformer

    norm = partial(nn.LayerNorm, eps=1e-6)
    ATSTF_wrapper.FrameASTModel = lambda **_: audio_transformer.FrameAST(
        patch_h=64, patch_w=4, embed_dim=WIDTH, depth=BLOCKS, num_heads=1, norm_layer=norm
    )
    train.ATSTWrapper.embed_dim = WIDTH
    settings = types.SimpleNamespace(
        chunk_size=10.0, mixup_p=0.5, mixup_alpha=0.2, freq_warp_p=0.5, max_lr=4e-5,
        weight_decay=1e-3, warmup_steps=WARMUP, train_annotation_aggregation="Uniform Soft",
    )  # fmt: skip
    names = [str(number) for number in range(CLASSES)]
    module = train.PLModule(settings, names, [], pretrained_checkpoint=None).double()
    fill(module.model.model.atst, SEED)
    fill(module.event_head, SEED)
    return train, module


def run() -> dict[str, np.ndarray]:
    """The arrays of the file."""
    train, module = network()
    module._trainer = types.SimpleNamespace(
        estimated_stepping_batches=TOTAL,
        optimizers=[types.SimpleNamespace(param_groups=[{"lr": 0.0}])],
    )
    module.log = lambda *_, **__: None
    (optimiser,), (schedule,) = module.configure_optimizers()
    said = draws(train, module)
    audio = np.load(HERE / "reference/golden/audio.npz")["audio"].astype(np.float64) / 32768
    labels = np.clip(noise("labels/soft", (len(audio), CLASSES, FRAMES // 10), SEED), 0, 1)
    labels = torch.from_numpy(labels).double().repeat_interleave(10, -1)
    batch = {"audio": torch.from_numpy(audio), "soft_labels": labels}
    found: dict[str, Any] = {}
    for step in range(STEPS):
        said.clear()
        module.decide(step)
        found[f"{step}/lr"] = optimiser.param_groups[0]["lr"]
        loss = module.training_step(batch, step)
        optimiser.zero_grad()
        loss.backward()
        learning = [(n, p) for n, p in module.named_parameters() if p.grad is not None]
        found[f"{step}/loss"] = loss.item()
        found[f"{step}/grad_l2"] = [p.grad.norm().item() for _, p in learning]
        optimiser.step()
        schedule["scheduler"].step()
        found[f"{step}/l2"] = [p.detach().norm().item() for _, p in learning]
        found |= {f"{step}/draws/{name}": value for name, value in said.items()}
    found["names"] = [name for name, _ in learning]
    found["labels"] = labels[..., ::10].numpy()
    found["final/event_head.weight"] = module.event_head.weight.detach().numpy()
    with torch.no_grad():
        logits = module(batch["audio"][:2])["event_logits"]
    found["final/logits_every5"] = logits[..., ::5].numpy()
    return {key: np.array(value) for key, value in found.items()}


def draws(train: Any, module: Any) -> dict[str, Any]:
    """What a step draws is kept: coefficient and permutation of mixup, band of the warp."""
    said: dict[str, Any] = {}
    permute, beta = torch.randperm, torch.distributions.Beta.sample
    parameters = module.freq_warp.get_params

    def permuted(*given: Any, **options: Any) -> torch.Tensor:
        said["permutation"] = permute(*given, **options)
        return said["permutation"]

    def sampled(*given: Any) -> torch.Tensor:
        drawn = beta(*given).double()
        said["coefficient"] = drawn.item()
        return drawn

    def warped(*given: Any) -> Any:
        drawn = parameters(*given)
        said["band"] = [drawn[0], drawn[2]]
        return drawn

    def decide(step: int) -> None:
        random.seed(step)
        np.random.seed(step)
        torch.manual_seed(step)
        mixes, warps = DECISIONS[step]
        torch.rand = lambda *_: torch.tensor([mixes])
        train.random = types.SimpleNamespace(random=lambda: warps)

    torch.randperm, torch.distributions.Beta.sample = permuted, sampled
    module.freq_warp.get_params, module.decide = warped, decide
    return said


if __name__ == "__main__":
    main()
