"""Trains one system with one seed; an interrupted training continues at its last checkpoint."""

import logging
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning
import numpy as np
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.plugins.environments import LightningEnvironment

from sed_core.config.batch_parts import shares
from sed_core.config.system import System
from sed_core.models.checkpoint import Checkpoint, save_checkpoint
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import write_json
from sed_core.training.batches import BatchIndices
from sed_core.training.callbacks import (
    CheckpointCallback,
    History,
    MeterValidation,
    ResumableEarlyStopping,
    ValidationCallback,
    write_history,
)
from sed_core.training.initial_weights import starting_point
from sed_core.training.loaders import training_loader, validation_loader
from sed_core.training.mean_teacher import MeanTeacher
from sed_core.training.progress_bar import EpochLines, StepBar
from sed_core.training.training_data import load_training_data
from sed_core.training.training_job import TrainingJob
from sed_core.training.validation import Validation
from sed_core.training.validation_windows import ValidationWindows

if TYPE_CHECKING:
    from sed_core.models.end_to_end import EndToEnd

NOISE = (
    ".*isinstance.treespec, LeafSpec.*",  # Lightning's own use of torch
    ".*not resumable.*",  # BatchIndices is, by its epoch and start
    ".*smaller than the logging interval.*",  # Lightning logs nothing here
    ".*in eval mode at the start.*",  # frozen batch norms
    ".*does not have many workers.*",  # nothing is read or decoded by the loader
    ".*rank_zero_only.*|.*sync_dist.*",  # all processes have the same objective
    ".*`srun` command is available.*",  # on a cluster Snakemake starts the jobs
)


@dataclass(frozen=True)
class FitResult:
    """What a training leaves: its best networks, and a row for each validation."""

    networks: Checkpoint
    history: History
    selected: dict[str, float]

    def write(self, job: TrainingJob, *, model: Path, history: Path, provenance: Path) -> None:
        """Write the networks, the history, and what they came from."""
        save_checkpoint(model, self.networks)
        write_history(history, self.history)
        said = {"selected": self.selected, "thresholds": self.networks.thresholds}
        write_json(provenance, {**job.provenance(), **said})


def fit(
    job: TrainingJob,
    *,
    log_folder: Path | None,
    on_save: Callable[[], None],
    validating: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> FitResult:
    """Train to the end.

    Args:
        job: what to train.
        log_folder: for TensorBoard; None for no log.
        on_save: called whenever a checkpoint has been written.
        validating: gives the context that each validation runs in.

    Raises:
        SedError: a clip part is too small, options do not go together, or SIGTERM arrived.
        KeyboardInterrupt: Ctrl-C.
    """
    system, config = job.system, job.system.training
    job.coverage()
    _check(system)
    quieten()
    keeper = CheckpointCallback(job.checkpoint, on_save)
    trainer = _trainer(job, log_folder)
    device = trainer.strategy.root_device
    share = {"rank": trainer.global_rank, "world_size": trainer.world_size}
    training_data = load_training_data(
        system,
        job.data,
        seed=job.seed,
        device=device,
        processes=trainer.world_size,
        pseudo_labels=job.pseudo_labels,
    )
    batches = BatchIndices(
        [*training_data.strong_parts, training_data.weak, training_data.unlabelled],
        shares(config.strong_parts, config.batch_size),
        seed=job.seed,
        steps=config.steps_per_epoch,
        **share,
    )
    updates = max(1, len(batches) // config.accumulate_batches)
    module = MeanTeacher(
        system,
        warmup=config.n_epochs_warmup * updates,
        seed=job.seed,
        embedding_size=training_data.embeddings.size if training_data.embeddings else None,
        pretrained=_inside(system, job.data),
        epoch=updates,
    )
    checkpoint = starting_point(module, keeper.path, job.given)
    if checkpoint is None:
        module.front.to(device).fit(
            training_data.audio,
            training_data.recordings[np.concatenate(batches.parts)].tolist(),
            n_samples=training_data.n_samples,
            batch_size=config.batch_size_val,
        )
    validation = ValidationWindows.of(training_data, **share)
    epochs = ValidationCallback(Validation(training_data, validation), batches)
    stopping = ResumableEarlyStopping(config.early_stop_patience)
    shown = [EpochLines(epochs), StepBar()]
    trainer.callbacks += [MeterValidation(validating), epochs, stopping, keeper, *shown]
    heard = validation_loader(training_data, validation)
    keeper.path.parent.mkdir(parents=True, exist_ok=True)
    try:
        trainer.fit(
            module,
            training_loader(training_data, batches),
            heard,
            ckpt_path=checkpoint,
            weights_only=True,
        )
        epochs.choose(module)
        trainer.validate(module, heard, verbose=False)
    except SystemExit as end:  # what Lightning makes of Ctrl-C
        raise KeyboardInterrupt from end
    best = epochs.best
    networks = Checkpoint(
        student=best["student"],
        teacher=best["teacher"],
        system={**asdict(system), "net": module.net},
        scaler=module.front.scaler.state_dict(),
        encoder=best.get("encoder", {}),
        teacher_encoder=best.get("teacher_encoder", {}),
        weights=job.pretrained().get("weights", ""),
        thresholds=epochs.thresholds,
    )
    selected = {key: best[key] for key in ("epoch", "step", "objective")}
    return FitResult(networks, epochs.history, selected)


def _inside(system: System, data: Path) -> "EndToEnd | None":
    """The pretrained network that the system runs inside; others need none of its code."""
    if not system.pretrained.e2e or system.pretrained.model is None:
        return None
    from sed_core.models.end_to_end import end_to_end

    return end_to_end(system, data)


def _trainer(job: TrainingJob, log_folder: Path | None) -> lightning.Trainer:
    config = job.system.training
    logger: Any = log_folder and TensorBoardLogger(log_folder, name="", version="tensorboard")
    on_gpu = torch.cuda.is_available()
    return lightning.Trainer(
        max_epochs=config.n_epochs,
        accelerator="gpu" if on_gpu else "cpu",
        devices=job.devices,
        strategy="ddp" if job.devices > 1 else "auto",
        # Inside a job of Slurm, Lightning would expect that to have started a process per GPU.
        plugins=[LightningEnvironment()],
        sync_batchnorm=on_gpu and job.devices > 1 and not job.system.net.get("freeze_bn"),
        precision=config.precision,
        accumulate_grad_batches=config.accumulate_batches,
        gradient_clip_val=config.gradient_clip or None,
        check_val_every_n_epoch=config.validation_interval,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        logger=logger or False,
    )


def _check(system: System) -> None:
    """Refuse options that do not go together."""
    config = system.training
    if config.precision == "16-mixed" and not torch.cuda.is_available():
        raise SedError("training.precision 16-mixed needs a GPU; take 32-true or bf16-mixed here.")
    if config.validation_interval > config.n_epochs:
        raise SedError(
            f"training.validation_interval is {config.validation_interval}, but there are only "
            f"{config.n_epochs} epochs, so no network would be selected; lower it."
        )


def quieten() -> None:
    """Keep remarks on Lightning's own affairs out of the log."""
    for message in NOISE:
        warnings.filterwarnings("ignore", message=message)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
