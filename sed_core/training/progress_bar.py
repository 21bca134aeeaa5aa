"""Progress of a training: a bar at a terminal, one line an epoch in the log."""

import sys
import time
from typing import Any

import lightning
from tqdm import tqdm

from sed_core.runtime.progress import progress
from sed_core.training.callbacks import ValidationCallback
from sed_core.training.mean_teacher import MeanTeacher

LOSSES = {
    "supervised": "train/student/tot_supervised",
    "consistency": "train/student/tot_self_loss",
}


class EpochLines(lightning.Callback):
    """One line an epoch: where training is, how it goes, and how long it may still take."""

    def __init__(self, epochs: ValidationCallback) -> None:
        self.epochs = epochs

    def on_train_start(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """Say what starts, or from where it goes on."""
        self.began, self.first = time.monotonic(), trainer.current_epoch
        if trainer.is_global_zero and trainer.global_step:
            _say(f"continues at step {trainer.global_step}, in epoch {self.first + 1}")

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """The line."""
        done, total = trainer.current_epoch + 1, trainer.max_epochs or 0
        if not trainer.is_global_zero:
            return
        words = [f"epoch {done} of {total}"]
        row = self.epochs.history[-1] if self.epochs.history else {"epoch": -1}
        if row["epoch"] == trainer.current_epoch:  # validated
            words += [f"{name} loss {row[key]:.4f}" for name, key in LOSSES.items()]
            words.append(f"objective {row['val/obj_metric']:.3f}")
            words.append(f"best {self.epochs.best['objective']:.3f}")
        if trainer.should_stop:
            words.append("stopped early")
        elif done < total:
            seconds = (time.monotonic() - self.began) / (done - self.first) * (total - done)
            words.append(f"at most {duration(seconds)} left")
        _say(", ".join(words))


def duration(seconds: float) -> str:
    """Rounded for people: `45 s`, `12 min`, `3 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def _say(line: str) -> None:
    tqdm.write(line, file=sys.stdout)  # above the bar, where there is one
    sys.stdout.flush()


class StepBar(lightning.Callback):
    """A progress bar over all optimiser steps, for a person at a terminal."""

    def on_train_start(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """Open it, at the step a resumed run starts from."""
        epoch = -(-int(trainer.num_training_batches) // trainer.accumulate_grad_batches)
        total = (trainer.max_epochs or 0) * epoch
        self.bar = progress(total=total, desc=f"train {module.system.name}", unit="step")
        self.bar.update(trainer.global_step)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, module: MeanTeacher, outputs: Any, batch: Any, index: int
    ) -> None:
        """Move it to the current step."""
        self.bar.update(trainer.global_step - self.bar.n)

    def on_validation_end(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """Show the number that selects the model."""
        objective = trainer.callback_metrics.get("val/obj_metric")
        if objective is not None:
            self.bar.set_postfix(objective=f"{float(objective):.3f}")

    def on_train_end(self, trainer: lightning.Trainer, module: MeanTeacher) -> None:
        """Close it."""
        self.bar.close()
