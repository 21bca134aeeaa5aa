"""What a training does in each step, kept for comparison."""

from collections.abc import Sequence

import lightning
import numpy as np
from torch.utils.data import DataLoader

from sed_core.training import mean_teacher as module_file
from sed_core.training.mean_teacher import SCALARS, MeanTeacher


class Recorder(lightning.Callback):
    """Keeps what each step logged and left behind."""

    def __init__(self) -> None:
        self.scalars, self.rates, self.losses, self.digests = [], [], [], []
        self.weak, self.gradients, self.alphas, self.order = [], [], [], []
        self.numbers = []

    def spy(self, monkeypatch) -> None:
        """Keep the clip posteriors and the teacher's factor of each step too."""
        losses, update = MeanTeacher.losses, module_file.update_teacher

        def keep_posteriors(module, student, teacher, *rest):
            self.weak.append([student[1].detach().numpy(), teacher[1].detach().numpy()])
            self.order.append("forward")
            return losses(module, student, teacher, *rest)

        def keep_alpha(teacher, student, *, alpha):
            self.alphas.append(alpha)
            self.order.append("average")
            update(teacher, student, alpha=alpha)

        monkeypatch.setattr(MeanTeacher, "losses", keep_posteriors)
        monkeypatch.setattr(module_file, "update_teacher", keep_alpha)

    def on_after_backward(self, trainer, module) -> None:
        self.order.append("backward")
        self.numbers.append(module.step_number)

    def on_before_optimizer_step(self, trainer, module, optimizer) -> None:
        self.gradients.append([p.grad.norm().item() for p in module.student.parameters()])

    def on_train_batch_end(self, trainer, module, outputs, batch, index) -> None:
        self.scalars.append(dict(zip(SCALARS, module.scalars.tolist(), strict=True)))
        self.rates.append(trainer.optimizers[0].param_groups[0]["lr"])
        self.losses.append(float(outputs["loss"]))
        self.digests.append(
            {
                name: np.array(
                    [
                        [p.mean().item(), p.std(correction=0).item(), p.norm().item()]
                        for p in network.parameters()
                    ]
                )
                for name, network in (("student", module.student), ("teacher", module.teacher))
            }
        )


def run_steps(
    module: MeanTeacher,
    batches: Sequence[dict],
    *callbacks: lightning.Callback,
    precision: str = "64-true",
) -> None:
    """Train on the given batches, a step each, and on nothing else."""
    trainer = lightning.Trainer(
        max_epochs=1,
        accelerator="cpu",
        precision=precision,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=list(callbacks),
    )
    trainer.fit(module, DataLoader(batches, batch_size=None))
