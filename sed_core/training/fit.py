"""Train one system with one seed, from wherever an earlier attempt stopped."""

from dataclasses import asdict, dataclass
from pathlib import Path

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.loggers import TensorBoardLogger

from sed_core.data.corpus import Corpus
from sed_core.data.manifest import check_coverage
from sed_core.energy.meter import EnergyMeter
from sed_core.models.checkpoint import Checkpoint, save_checkpoint
from sed_core.runtime.device import torch_device
from sed_core.runtime.files import digest, digest_json, write_json
from sed_core.runtime.provenance import code_version, hardware, packages
from sed_core.runtime.system import System
from sed_core.training.batches import BatchIndices
from sed_core.training.callbacks import Bar, Epochs, Keeper, write_history
from sed_core.training.loaders import training_loader, validation_loader
from sed_core.training.material import load_material
from sed_core.training.module import MeanTeacher
from sed_core.training.validation import Validation


@dataclass(frozen=True)
class Run:
    """Where one training reads and writes.

    Attributes:
        system: configuration.
        data: prepared data (`audio16k`, `truth`).
        seed: of weights, order, dropout, mixup and, unless fixed, the weak split.
        checkpoints: folder of this system and seed; a subfolder per fingerprint.
        device: `auto`, `cpu` or `cuda`.
        devices: how many.
    """

    system: System
    data: Path
    seed: int
    checkpoints: Path
    device: str = "auto"
    devices: int = 1

    @property
    def splits(self) -> list[str]:
        """The splits that training reads, sorted."""
        parts = self.system.data
        return sorted({*parts.strong, parts.weak, parts.unlabelled, parts.validation})

    def coverage(self) -> dict[str, dict[str, int]]:
        """Clips present and expected in each split.

        Raises:
            SedError: fewer than the system's `min_coverage`.
        """
        minimum = self.system.data.min_coverage
        folder = self.data / "manifests"
        return {
            split: check_coverage(folder / f"{split}.tsv", minimum=minimum) for split in self.splits
        }

    @property
    def inputs(self) -> dict[str, str]:
        """Digest of every file that training reads."""
        found = {}
        for split in self.splits:
            corpus = Corpus.open(self.data / "audio16k" / f"{split}.h5")
            found[f"audio16k/{split}"] = digest_json([corpus.filenames, corpus.digests])
            found[f"truth/{split}"] = digest(self.data / "truth" / f"{split}.tsv")
        return found

    def provenance(self) -> dict[str, object]:
        """What decides the weights."""
        return {
            "config_hash": self.system.config_hash,
            "code_version": code_version("workflow_scripts/train.py"),
            "inputs": self.inputs,
            "coverage": self.coverage(),
            "seed": self.seed,
            "packages": packages(),
            "hardware": hardware(),
        }

    @property
    def folder(self) -> Path:
        """Checkpoints of exactly this configuration, code, data and seed; others never resume."""
        made_of = self.provenance()
        del made_of["hardware"], made_of["coverage"]  # the inputs say what is there
        return self.checkpoints / digest_json(made_of)[:12]


def fit(run: Run, meter: EnergyMeter, *, model: Path, history: Path, provenance: Path) -> None:
    """Train to the end; write the best networks, the history, and what they came from."""
    system, config = run.system, run.system.training
    device = torch_device(run.device)
    material = load_material(system, run.data, seed=run.seed, device=device)
    batches = BatchIndices(
        [material.strong, material.weak, material.unlabelled],
        config.batch_size,
        seed=run.seed,
        steps=config.steps_per_epoch,
    )
    updates = max(1, len(batches) // config.accumulate_batches)
    module = MeanTeacher(system, warmup=config.n_epochs_warmup * updates, seed=run.seed)
    module.front.to(device).fit(
        material.audio,
        np.concatenate(batches.parts).tolist(),
        n_samples=material.n_samples,
        batch_size=config.batch_size_val,
    )
    epochs = Epochs(Validation(material), batches)
    keeper = Keeper(run.folder, meter)
    run.folder.mkdir(parents=True, exist_ok=True)
    trainer = lightning.Trainer(
        max_epochs=config.n_epochs,
        accelerator="gpu" if device.type == "cuda" else "cpu",
        devices=run.devices,
        precision=config.precision,
        accumulate_grad_batches=config.accumulate_batches,
        gradient_clip_val=config.gradient_clip or None,
        check_val_every_n_epoch=config.validation_interval,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        logger=TensorBoardLogger(history.parent, name="", version="tensorboard"),
        callbacks=[
            epochs,
            EarlyStopping(
                "val/obj_metric", mode="max", patience=config.early_stop_patience, strict=False
            ),
            keeper,
            Bar(),
        ],
    )
    resume = keeper.path if keeper.path.exists() else None
    if resume:
        batches.start = _stopped_at(resume)
    trainer.fit(
        module,
        training_loader(material, batches),
        validation_loader(material),
        ckpt_path=resume,
        weights_only=True,
    )
    best = epochs.best
    save_checkpoint(
        model,
        Checkpoint(
            student=best["student"],
            teacher=best["teacher"],
            system=asdict(system),
            scaler=module.front.scaler.state_dict(),
        ),
    )
    write_history(history, epochs.history)
    chosen = {key: best[key] for key in ("epoch", "step", "objective")}
    write_json(provenance, {**run.provenance(), "selected": chosen})


def _stopped_at(checkpoint: Path) -> int:
    """Batches of the current epoch that a checkpoint has already seen."""
    loops = torch.load(checkpoint, map_location="cpu", weights_only=True)["loops"]
    progress = loops["fit_loop"]["epoch_loop.batch_progress"]
    done = progress["current"]["completed"]
    return 0 if progress["is_last_batch"] else int(done)
