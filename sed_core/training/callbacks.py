"""Lightning callbacks: validation, checkpoints, early stopping."""

import csv
import io
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.callbacks.early_stopping import EarlyStoppingReason

from sed_core.runtime.errors import SedError
from sed_core.runtime.files import temporary, write_text
from sed_core.training.batches import BatchIndices
from sed_core.training.mean_teacher import SCALARS, MeanTeacher
from sed_core.training.validation import Validation

LOG_EVERY = 40

History = list[dict[str, float]]
"""One row per validation: epoch, step and the logged scalars."""


class MeterValidation(lightning.Callback):
    """Runs every validation inside a context, such as one that measures it."""

    def __init__(self, context: Callable[[], AbstractContextManager[None]]) -> None:
        self.context = context
        self.stack = ExitStack()

    def on_validation_start(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """Enter."""
        self.stack.enter_context(self.context())

    def on_validation_end(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """Leave."""
        self.stack.close()


class ValidationCallback(lightning.Callback):
    """Positions the batches, gathers scalars, scores validation, keeps the best networks.

    All of its state is part of the checkpoint, so a resumed run has the same history. After
    training, `choose` makes one more validation choose thresholds for the best networks.

    Attributes:
        thresholds: of each network, by class; empty before.
    """

    def __init__(self, validation: Validation, batches: BatchIndices) -> None:
        self.validation = validation
        self.batches = batches
        self.history: History = []
        self.best: dict[str, Any] = {}
        self.sum = torch.zeros(len(SCALARS), dtype=torch.float64)
        self.count = 0
        sizes = zip(batches.names, batches.sizes, strict=True)
        parts = [part for part, size in sizes if not size]
        self.choosing = False
        self.thresholds: dict[str, dict[str, float]] = {}
        # A loss over no clips is 0, which would read as a perfect fit.
        self.absent = {name for name in SCALARS for part in parts if name.endswith(f"loss_{part}")}

    def on_train_start(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """Go on at the batch where the checkpoint was written.

        Lightning does not call `on_train_epoch_start` when it resumes inside an epoch, so the
        epoch's order is drawn here too. It counts a batch as `ready` before it trains on it,
        whichever hook wrote the checkpoint.
        """
        self._begin(trainer, module)
        seen = trainer.fit_loop.epoch_loop.batch_progress.current.ready
        self.batches.start = seen % len(self.batches)

    def on_train_epoch_start(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """Draw the order and the crops of this epoch."""
        self._begin(trainer, module)

    def _begin(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        self.batches.epoch = trainer.current_epoch
        self.validation.training_data.draw_epoch(module.seed, trainer.current_epoch)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, module: MeanTeacher, outputs: Any, batch: Any, index: int
    ) -> None:
        """Add the step's scalars; write them to the loggers now and then."""
        self.sum = self.sum.to(module.scalars.device) + module.scalars  # no wait for the GPU
        self.count += 1
        if trainer.global_step % LOG_EVERY == 0:
            values = dict(zip(SCALARS, module.scalars.tolist(), strict=True))
            _log(trainer, {name: values[name] for name in values if name not in self.absent})

    def on_validation_batch_end(
        self, trainer: Any, module: Any, outputs: Any, batch: Any, index: int, loader: int = 0
    ) -> None:
        """Keep the posteriors."""
        self.validation.add(outputs)

    def on_validation_epoch_end(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """Score, extend the history, keep the networks if they are the best so far."""
        if self.choosing:
            self.thresholds = self.validation.thresholds()
            return
        scalars = self.validation.finish()
        objective = scalars["val/obj_metric"]
        module.log("val/obj_metric", objective, logger=False, rank_zero_only=True)
        sums = trainer.strategy.reduce(self.sum.to(module.device), reduce_op="mean")
        means = dict(zip(SCALARS, (sums / max(self.count, 1)).tolist(), strict=True))
        means = {name: mean for name, mean in means.items() if name not in self.absent}
        self.sum = torch.zeros_like(self.sum)
        self.count = 0
        place = {"epoch": trainer.current_epoch, "step": trainer.global_step}
        self.history.append({**place, **means, **scalars})
        _log(trainer, scalars)
        last = module.system.training.selection == "last"
        if last or not self.best or objective > self.best["objective"]:
            networks = {"student": _copy(module.student), "teacher": _copy(module.teacher)}
            inside = {name: _copy(encoder) for name, encoder in module.encoders.items()}
            self.best = {"objective": objective, **place, **networks, **inside}

    def choose(self, module: MeanTeacher) -> None:
        """Put the best networks in, for one more validation."""
        self.choosing = True
        module.student.load_state_dict(self.best["student"])
        module.teacher.load_state_dict(self.best["teacher"])
        for name, encoder in module.encoders.items():
            encoder.load_state_dict(self.best[name])

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


class CheckpointCallback(lightning.Callback):
    """Writes `last.ckpt` after each epoch, and at once when SIGTERM asks training to stop.

    Args:
        path: of the checkpoint.
        on_save: called after each save by the process that writes.
    """

    def __init__(self, path: Path, on_save: Callable[[], None]) -> None:
        self.path, self.on_save = path, on_save
        self.asked = False

    def on_train_start(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """Take SIGTERM over from Lightning, whose handler deadlocks several processes."""
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, *_: Any) -> None:
        self.asked = True

    def on_train_batch_end(
        self, trainer: lightning.Trainer, module: Any, outputs: Any, batch: Any, index: int
    ) -> None:
        """Stop after a whole optimiser step; after the last one, validation comes first."""
        stepped = (index + 1) % trainer.accumulate_grad_batches == 0
        if stepped and not trainer.is_last_batch and self._must_stop(trainer):
            self._save(trainer)
            self._stop(trainer)

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """Save, and stop if asked to meanwhile."""
        self._save(trainer)
        if self._must_stop(trainer):
            self._stop(trainer)

    def _must_stop(self, trainer: lightning.Trainer) -> bool:
        """Whether any of the processes was asked: all must stop at the same step."""
        return trainer.strategy.reduce_boolean_decision(self.asked, all=False)

    def _stop(self, trainer: lightning.Trainer) -> None:
        raise SedError(
            f"training was asked to stop and did so at step {trainer.global_step}; "
            "the same command continues from there."
        )

    def _save(self, trainer: lightning.Trainer) -> None:
        """Write under a temporary name, then rename; every process takes part."""
        draft = temporary(self.path)
        trainer.save_checkpoint(draft, weights_only=False)
        if trainer.is_global_zero:
            draft.replace(self.path)
            self.on_save()


class ResumableEarlyStopping(EarlyStopping):
    """Stops when the objective has not risen for long, and stays stopped when that is resumed.

    A run may end between the last epoch and the writing of its result.

    Args:
        patience: validations without a better objective.
    """

    def __init__(self, patience: int) -> None:
        # By default Lightning decides when the checkpoint of the epoch is written already.
        when = {"strict": False, "check_on_train_epoch_end": False}
        super().__init__("val/obj_metric", mode="max", patience=patience, **when)
        self.configured = patience

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From the checkpoint; the patience is that of the configuration."""
        super().load_state_dict({**state, "patience": self.configured})

    def on_fit_start(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """No further epoch where the last one of the checkpoint was one too many."""
        failed = self.stopping_reason == EarlyStoppingReason.NON_FINITE_METRIC
        trainer.should_stop = failed or self.wait_count >= self.patience


def _log(trainer: lightning.Trainer, values: dict[str, float]) -> None:
    if trainer.logger is not None:
        trainer.logger.log_metrics(values, step=trainer.global_step)


def _copy(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {key: value.detach().cpu().clone() for key, value in network.state_dict().items()}


def write_history(path: Path, history: History) -> None:
    """Write epoch, step and the logged scalars as CSV, six digits each."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    for row in history:
        writer.writerow({key: _cell(value) for key, value in row.items()})
    write_text(path, stream.getvalue())


def _cell(value: float) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
