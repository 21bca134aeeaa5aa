"""Makes reference/atst_sed/stage1.npz and stage2.npz: training steps of the original ATST-SED.

    python tests/parity/make_atst_sed.py --peer CHECKOUT --out FOLDER

CHECKOUT is Audio-WestlakeU/ATST-SED at commit 7ebf531 (MIT). Beside what tests need the environment
has einops. Its training step, networks, mixup, warp and rates run as they are, on the six clips of
golden/audio.npz: two with strong labels, two with weak ones, two without. ATST-Frame has two blocks
of one head, the CNN few channels, dropout is off, and weights are filled as in fill.py. The loop
around a step is written here in the order of Lightning 2: teacher, gradient, update, rates.

Everything is float64. The original's warp is float32 whatever it is given, so `torch.float` means
float64 while this runs.
"""

import argparse
import importlib
import random
import sys
import types
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import nn

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]
from fill import fill, noise  # noqa: E402

from sed_core.features import torchaudio_import  # noqa: E402, F401 - then the original's import works

SEED, STEPS, WARMUP, TOTAL = 1, 5, 2, 10
PARTS = [1, 1, 2, 2]
FILTERS, CELLS, WIDTH, BLOCKS = [4, 8, 8, 8, 8, 8, 8], 8, 64, 2
CLASSES, FRAMES = 10, 156
DECISIONS = [(0.1, 0.9), (0.9, 0.9), (0.1, 0.1), (0.9, 0.1), (0.1, 0.9)]
"""Of each step: the numbers that decide on mixup (below 0.5) and on the warp (above 0.5)."""


def main() -> None:
    """Run the steps and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("peer", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    args = parser.parse_args()
    sys.path[:0] = [str(args.peer / "train"), str(args.peer)]
    torch.set_num_threads(1)
    stand_ins()
    for stage in ("stage1", "stage2"):
        config = yaml.safe_load((args.peer / f"train/confs/{stage}.yaml").read_text())
        config["net"] |= {"nb_filters": FILTERS, "n_RNN_cell": CELLS, "dropout": 0.0}
        config["net"]["embedding_size"] = WIDTH
        config["training"]["batch_size"] = PARTS
        np.savez_compressed(args.out / f"{stage}.npz", **run(config, stage))


def stand_ins() -> None:
    """For what no training step needs and does not install or start any more."""
    absent = {
        "thop": ("profile", "clever_format"),
        "sed_scores_eval.utils.scores": ("create_score_dataframe",),
    }
    for name, attributes in absent.items():
        sys.modules[name] = types.ModuleType(name)
        for attribute in attributes:
            setattr(sys.modules[name], attribute, None)
    import torchmetrics

    for module in (torchmetrics.classification, torchmetrics.classification.f_beta):
        module.MultilabelF1Score = lambda *_, **__: nn.Identity()
    torch.float, torch.Tensor.float = torch.float64, torch.Tensor.double


def networks(config: dict[str, Any]) -> list[nn.Module]:
    """Student and teacher with a small ATST-Frame, filled."""
    from desed_task.nnet import CRNN_e2e
    from desed_task.nnet.atst import atst_model, audio_transformer

    norm = partial(nn.LayerNorm, eps=1e-6)
    atst_model.FrameASTModel = lambda **_: audio_transformer.FrameAST(
        patch_h=64, patch_w=4, embed_dim=WIDTH, depth=BLOCKS, num_heads=1, norm_layer=norm
    )
    atst_model.ATST.load_atst = lambda *_: None
    found = []
    for seed in (SEED, SEED + 10):
        network = CRNN_e2e.CRNN(**config["net"])
        found.append(fill(network.double(), seed))
    return found


def run(config: dict[str, Any], stage: str) -> dict[str, np.ndarray]:
    """The arrays of a stage's file."""
    trainer = importlib.import_module(f"local.{stage}_trainer")
    from local.scheduler import ExponentialWarmup
    from train_stage2 import separate_opt_params

    student, teacher = networks(config)
    if stage == "stage1":  # both have the published weights, which stay
        teacher.atst_frame.load_state_dict(student.atst_frame.state_dict())
    cnn, rnn, layers = separate_opt_params(student)
    layers = layers[: config["opt"]["tfm_trainable_layers"]]
    layers = [layer for layer in layers if layer]  # the script's list is of twelve blocks
    for parameter in (parameter for layer in layers for parameter in layer):
        parameter.requires_grad = True  # as the recipe's script does
    opt = config["opt"]
    rates = [opt["cnn_lr"], opt["rnn_lr"]]
    rates += [opt["tfm_lr"] * opt["tfm_lr_scale"] ** n for n in range(len(layers))]
    groups = [{"params": p, "lr": lr} for p, lr in zip([cnn, rnn, *layers], rates, strict=True)]
    adam = torch.optim.Adam(groups, betas=(0.9, 0.999))
    falls = {"tot_steps": TOTAL, "cos_down": stage == "stage2"}
    schedule = ExponentialWarmup(adam, rates, WARMUP, **falls)
    for group, rate in zip(adam.param_groups, schedule._get_lr(), strict=True):
        group["lr"] = rate
    encoder = types.SimpleNamespace(labels=[str(number) for number in range(CLASSES)])
    make = trainer.SEDICT if stage == "stage2" else trainer.SEDTask4
    module = make(
        config, encoder, student, [adam], scheduler=[{"scheduler": schedule}], sed_teacher=teacher
    ).double()
    log: dict[str, float] = {}
    module.log = lambda name, value, **_: log.__setitem__(name, float(value))
    said = draws(trainer, module)
    batch = inputs()
    heard = []
    detect = module.detect
    module.detect = lambda *given: heard.append(detect(*given)) or heard[-1]

    rows: list[dict[str, Any]] = []
    for step in range(STEPS):
        said.clear()
        heard.clear()
        log.clear()
        module.decide(step)
        row: dict[str, Any] = {"lr": [group["lr"] for group in adam.param_groups]}
        loss = module.training_step([one.clone() for one in batch] + [None, None], step)
        module.on_before_zero_grad()
        adam.zero_grad()
        loss.backward()
        names = [name for name, p in student.named_parameters() if p.grad is not None]
        gradients = dict(student.named_parameters())
        row |= {
            "loss": loss.item(),
            "grad_l2": [gradients[name].grad.norm().item() for name in names],
            "weak_student": heard[0][1].detach().numpy(),
            "weak_teacher": heard[1][1].numpy(),
            "weight": log["train/weight"],
            "consistency": log["train/student/tot_self_loss"],
            "supervised": log["train/student/tot_supervised"],
        }
        row |= {f"draws/{name}": np.array(values) for name, values in said.items()}
        adam.step()
        schedule.step()
        for name, network in (("student", student), ("teacher", teacher)):
            row[f"{name}/l2"] = [p.detach().norm().item() for p in network.parameters()]
        rows.append(row)
    found = {
        f"{step}/{key}": np.array(value)
        for step, row in enumerate(rows)
        for key, value in row.items()
    }
    found["gradient_names"] = np.array(names)
    found["parameter_names"] = np.array([name for name, _ in student.named_parameters()])
    found["labels"] = batch[2].numpy().astype(np.uint8)
    shown = (
        "cat_tf.weight",
        "cnn.cnn.cg0.linear.weight",
        "atst_frame.atst.blocks.1.attn.proj.weight",
    )
    for key in shown:
        for name, network in (("student", student), ("teacher", teacher)):
            found[f"final/{name}/{key}"] = network.state_dict()[key].numpy()
    return found


def draws(trainer: Any, module: Any) -> dict[str, list]:
    """What a step draws at random is kept: of each mixup and of each warp, in their order."""
    said: dict[str, list] = {}

    def keep(owner: Any, function: str, name: str, value: Any = lambda found: found) -> None:
        draw = getattr(owner, function)

        def kept(*given: Any) -> Any:
            found = draw(*given)
            said.setdefault(name, []).append(value(found))
            return found

        setattr(owner, function, kept)

    keep(np.random, "beta", "coefficient")
    keep(torch, "randperm", "permutation", torch.Tensor.numpy)
    if hasattr(module, "freq_warp"):
        keep(module.freq_warp, "get_params", "band", lambda found: [found[0], found[2]])

    def decide(step: int) -> None:
        random.seed(step)
        np.random.seed(step)
        torch.manual_seed(step)
        numbers = iter(DECISIONS[step])
        trainer.random = types.SimpleNamespace(random=lambda: next(numbers))

    module.decide = decide
    return said


def inputs() -> list[torch.Tensor]:
    """Sound, ATST's mel power, and labels of the two strong clips, then of the two weak ones."""
    from desed_task.dataio.datasets_atst_sed import ATSTTransform

    audio = np.load(HERE / "reference/golden/audio.npz")["audio"].astype(np.float64) / 32768
    waveforms = torch.from_numpy(audio)
    transform = ATSTTransform().transform.double()
    labels = torch.zeros(len(waveforms), CLASSES, FRAMES, dtype=torch.float64)
    labels[:2] = (
        torch.from_numpy(noise("labels/strong", (2, CLASSES, FRAMES // 12), SEED) > 1)
        .repeat_interleave(12, -1)
        .double()
    )
    labels[2:4, :, 0] = torch.from_numpy(noise("labels/weak", (2, CLASSES), SEED) > 0.5).double()
    return [waveforms, transform(waveforms), labels]


if __name__ == "__main__":
    main()
