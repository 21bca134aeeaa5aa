"""What happens around the steps: keeping, resuming, showing."""

import csv
import io
from pathlib import Path
from typing import Any

import lightning
import torch

from sed_core.energy.meter import EnergyMeter
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import write_text
from sed_core.runtime.progress import progress
from sed_core.training.batches import BatchIndices
from sed_core.training.module import SCALARS, MeanTeacher
from sed_core.training.validation import Validation

LOG_EVERY = 40
History = list[dict[str, float]]


class Epochs(lightning.Callback):
    """Positions the batches, gathers scalars, scores validation, keeps the best networks.

    All of its state is part of the checkpoint, so a resumed run has the same history.
    """

    def __init__(self, validation: Validation, batches: BatchIndices) -> None:
        self.validation = validation
        self.batches = batches
        self.history: History = []
        self.best: dict[str, Any] = {}
        self.sum = torch.zeros(len(SCALARS), dtype=torch.float64)
        self.count = 0

    def on_train_epoch_start(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """Shuffle and cut by the epoch's number; a resumed epoch starts where it stopped."""
        self.batches.epoch = trainer.current_epoch
        self.validation.material.cut(module.seed, trainer.current_epoch)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, module: MeanTeacher, outputs: Any, batch: Any, index: int
    ) -> None:
        """Add the step's scalars; write them to the loggers now and then."""
        self.sum = self.sum.to(module.scalars.device) + module.scalars  # no wait for the GPU
        self.count += 1
        if trainer.global_step % LOG_EVERY == 0 and trainer.logger is not None:
            values = dict(zip(SCALARS, module.scalars.tolist(), strict=True))
            trainer.logger.log_metrics(values, step=trainer.global_step)

    def on_validation_batch_end(
        self, trainer: Any, module: Any, outputs: Any, batch: Any, index: int, loader: int = 0
    ) -> None:
        """Keep the posteriors."""
        self.validation.add(outputs)

    def on_validation_epoch_end(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """Score, extend the history, keep the networks if they are the best so far."""
        scalars = self.validation.finish()
        module.log("val/obj_metric", scalars["val/obj_metric"], logger=False)
        means = dict(zip(SCALARS, (self.sum / max(self.count, 1)).tolist(), strict=True))
        self.sum = torch.zeros_like(self.sum)
        self.count = 0
        place = {"epoch": trainer.current_epoch, "step": trainer.global_step}
        self.history.append({**place, **means, **scalars})
        if trainer.logger is not None:
            trainer.logger.log_metrics(scalars, step=trainer.global_step)
        objective = scalars["val/obj_metric"]
        if not self.best or objective > self.best["objective"]:
            self.best = {
                "objective": objective,
                **place,
                "student": _copy(module.student),
                "teacher": _copy(module.teacher),
            }

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {
            "history": self.history,
            "best": self.best,
            "sum": self.sum.tolist(),
            "count": self.count,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.history, self.best = state["history"], state["best"]
        self.sum, self.count = torch.tensor(state["sum"], dtype=torch.float64), state["count"]


class Keeper(lightning.Callback):
    """Writes `last.ckpt` after each epoch and when asked to stop; flushes the energy journal."""

    def __init__(self, folder: Path, meter: EnergyMeter) -> None:
        self.path = folder / "last.ckpt"
        self.meter = meter

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """Save; the file is replaced in one move."""
        self.save(trainer)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, module: Any, outputs: Any, batch: Any, index: int
    ) -> None:
        """Stop at once, with a checkpoint, when SIGTERM has arrived."""
        if trainer.received_sigterm:
            self.save(trainer)
            raise SedError(
                f"training was asked to stop and did so at step {trainer.global_step}; "
                "the same command continues from there."
            )

    def save(self, trainer: lightning.Trainer) -> None:
        """Write under a temporary name, then rename."""
        part = self.path.with_suffix(".part")
        trainer.save_checkpoint(part)
        part.replace(self.path)
        self.meter.flush()


class Bar(lightning.Callback):
    """A progress bar over all steps, for a person at a terminal."""

    def on_train_start(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """Open it, at the step a resumed run starts from."""
        total = trainer.max_epochs * int(trainer.num_training_batches)
        self.bar = progress(total=total, desc=f"train {module.system.name}", unit="step")
        self.bar.update(trainer.global_step)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, module: MeanTeacher, outputs: Any, batch: Any, index: int
    ) -> None:
        """One step further."""
        self.bar.update(1)

    def on_validation_end(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """Show the number that selects the model."""
        objective = trainer.callback_metrics.get("val/obj_metric")
        if objective is not None:
            self.bar.set_postfix(objective=f"{float(objective):.3f}")

    def on_train_end(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """Close it."""
        self.bar.close()


def write_history(path: Path, history: History) -> None:
    """One row per validation epoch."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    for row in history:
        writer.writerow(
            {
                key: f"{value:.6g}" if isinstance(value, float) else value
                for key, value in row.items()
            }
        )
    write_text(path, stream.getvalue())


def _copy(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {key: value.detach().cpu().clone() for key, value in network.state_dict().items()}
