"""The mean-teacher step as a LightningModule: what happens with one batch, and nothing else."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import lightning
import torch
from torch import nn

from sed_core.config.embedding_kinds import FUSIONS
from sed_core.config.system import System
from sed_core.features.frontend import FrontEnd
from sed_core.models.network_registry import build
from sed_core.runtime.errors import SedError
from sed_core.runtime.seeding import derive
from sed_core.training.augmentation.chain import augmented, augmented_for_encoder, entries
from sed_core.training.augmentation.clip_draws import Clips, mix_rows
from sed_core.training.ema import averaged, ema_alpha, update_teacher
from sed_core.training.loss.loss_registry import CONSISTENCY, SUPERVISED
from sed_core.training.losses import BatchLayout, Output, consistency, supervised
from sed_core.training.optimizer_registry import OPTIMIZERS
from sed_core.training.rates import parameter_groups
from sed_core.training.schedule.length import Length
from sed_core.training.schedule.ramp import ramp
from sed_core.training.schedule.schedule_registry import SCHEDULES

if TYPE_CHECKING:
    from sed_core.models.end_to_end import EndToEnd

SCALARS = (
    "train/student/loss_strong",
    "train/student/loss_weak",
    "train/teacher/loss_strong",
    "train/teacher/loss_weak",
    "train/student/strong_self_sup_loss",
    "train/student/weak_self_sup_loss",
    "train/student/tot_self_loss",
    "train/student/tot_supervised",
    "train/weight",
    "train/lr",
)
Batch = Mapping[str, torch.Tensor]
Pair = tuple[torch.Tensor | None, torch.Tensor | None]
"""Of student and teacher."""


class MeanTeacher(lightning.LightningModule):
    """Student, its moving-average teacher, and what they share: front end, pretrained network.

    Args:
        system: configuration.
        warmup: length of the ramp in optimiser steps.
        epoch: optimiser steps of an epoch.
        seed: of the training; every step draws from (seed, step).
        embedding_size: length of the embedding vectors that come with the batches.
        pretrained: makes them instead, from the waveforms; the teacher hears through a copy of it
            that averages as it does, where the system says `pretrained.own_teacher`.

    Attributes:
        net: section `net` that built both networks.
    """

    def __init__(
        self,
        system: System,
        *,
        warmup: int,
        seed: int,
        embedding_size: int | None = None,
        pretrained: "EndToEnd | None" = None,
        epoch: int = 1,
    ) -> None:
        super().__init__()
        self.system = system
        self.length = Length(warmup, epoch, total=system.training.n_epochs * epoch)
        self.seed = seed
        self.front = FrontEnd(system)
        torch.manual_seed(derive(seed, "weights"))
        self.pretrained = pretrained
        self.teacher_pretrained = (
            copy.deepcopy(pretrained).requires_grad_(False)
            if pretrained is not None and system.pretrained.own_teacher
            else None
        )
        size = pretrained.embedding_size if pretrained is not None else embedding_size
        self.net = fused_net(system, size)
        self.student = build(self.net, len(system.dataset.classes))
        self.teacher = build(self.net, len(system.dataset.classes))
        self.teacher.load_state_dict(self.student.state_dict())
        self.teacher.requires_grad_(False)
        options = dict(system.training.loss)
        self.loss = partial(SUPERVISED[options.pop("name")], **options)
        options = dict(system.opt.schedule)
        self.schedule = partial(SCHEDULES[options.pop("name")], length=self.length, **options)
        self.train()  # Lightning leaves modes as they are; frozen batch norms leave training here

    @property
    def layout(self) -> BatchLayout:
        """This process's share of a batch."""
        return BatchLayout.of(self.system, self.trainer.world_size)

    @property
    def step_number(self) -> int:
        """1 for the first optimiser step, as the 2022 scheduler counts."""
        return self.trainer.global_step + 1

    @property
    def encoders(self) -> dict[str, nn.Module]:
        """The pretrained networks inside, named as in a `Checkpoint`."""
        inside = {"encoder": self.pretrained, "teacher_encoder": self.teacher_pretrained}
        return {name: one.encoder for name, one in inside.items() if one is not None}

    def embeddings(self, batch: Batch) -> Pair:
        """Of student and teacher: the batch's own, or from the pretrained networks inside."""
        if self.pretrained is None:
            return batch.get("embeddings"), batch.get("embeddings")
        student = self.pretrained(batch["waveforms"])
        if self.teacher_pretrained is None:
            return student, student
        with torch.no_grad():
            return student, self.teacher_pretrained(batch["waveforms"])

    def run(
        self,
        network: nn.Module,
        inputs: torch.Tensor,
        embeddings: torch.Tensor | None,
        **masks: torch.Tensor,
    ) -> Output:
        """Posteriors in float32, whatever the precision of the network.

        Raises:
            SedError: the network pools otherwise over time than it states.
        """
        strong, weak = network(inputs, embeddings, **masks)
        pooling, (given, heard) = self.system.pooling, (strong.shape[-1], inputs.shape[-1])
        if given != heard // pooling:
            raise SedError(
                f"network '{self.system.net['model']}' makes {given} frames of {heard} feature "
                f"frames, but states that {pooling} become one; mend the network or its "
                "time_pooling in network_sections.py."
            )
        return strong.float(), weak.float()

    def training_step(self, batch: Batch, batch_index: int) -> torch.Tensor:
        """Losses of one batch; returns their sum, keeps the scalars of protocol 5.7."""
        number = self.step_number
        torch.manual_seed(derive(self.seed, "step", number, batch_index, self.global_rank))
        late = self.system.augments_encoder  # embeddings are of what augmentation leaves
        embeddings = (None, None) if late else self.embeddings(batch)
        with torch.autocast(self.device.type, enabled=False), torch.no_grad():
            heard, of_teacher = self.augmented(batch, embeddings, number, batch_index)
            inputs = self.front.scale(heard.mel)
            same = of_teacher.mel is heard.mel
            teacher_inputs = inputs if same else self.front.scale(of_teacher.mel)
            heard, of_teacher = annotated(heard, batch), annotated(of_teacher, batch)
        if late:
            heard, of_teacher = self.embedded(heard, of_teacher)
        masks = masks_of(batch)
        student = self.run(self.student, inputs, heard.embeddings, **masks)
        with torch.no_grad():
            teacher = self.run(self.teacher, teacher_inputs, of_teacher.embeddings, **masks)
        with torch.autocast(self.device.type, enabled=False):
            return self.losses(student, teacher, heard, of_teacher, number)

    def augmented(
        self, batch: Batch, embeddings: Pair, number: int, batch_index: int
    ) -> tuple[Clips, Clips]:
        """What student and teacher hear: mel magnitudes and labels after `training.augment`.

        Where what the pretrained network hears is augmented, that as well.
        """
        front, encoder_mel = None, None
        if self.system.augments_encoder:
            assert self.pretrained is not None
            front = self.pretrained.front
            encoder_mel = front.magnitudes(batch["waveforms"])
        clips = Clips(
            self.front.magnitudes(batch["waveforms"]),
            batch["labels"],
            batch["weak_labels"],
            layout=self.layout,
            pooling=self.system.pooling,
            embeddings=embeddings[0],
            encoder_mel=encoder_mel,
        )
        place = {
            "seed": self.seed, "step": number, "batch": batch_index, "rank": self.global_rank,
        }  # fmt: skip
        other = (
            clips if embeddings[1] is embeddings[0] else replace(clips, embeddings=embeddings[1])
        )
        heard = augmented(clips, entries(self.system), teacher=other, **place)
        return augmented_for_encoder(*heard, front, self.system, **place) if front else heard

    def embedded(self, heard: Clips, of_teacher: Clips) -> tuple[Clips, Clips]:
        """Both with the embeddings of what the pretrained networks hear of them."""
        inside, own = self.pretrained, self.teacher_pretrained
        assert inside is not None and heard.encoder_mel is not None
        student = replace(heard, embeddings=inside.from_features(heard.encoder_mel))
        if of_teacher is heard and own is None:
            return student, student
        assert of_teacher.encoder_mel is not None
        with torch.no_grad():
            found = (own or inside).from_features(of_teacher.encoder_mel)
        return student, replace(of_teacher, embeddings=found)

    def losses(
        self,
        student: Output,
        teacher: Output,
        heard: Clips,
        of_teacher: Clips,
        number: int,
    ) -> torch.Tensor:
        """Supervised losses plus the ramped consistency with the teacher."""
        config = self.system.training
        loss, distance = self.loss, CONSISTENCY[config.self_sup_loss]
        layout = heard.layout
        strong, weak = supervised(student, heard.labels, heard.weak_labels, layout, loss=loss)
        teacher_strong, teacher_weak = supervised(
            teacher, of_teacher.labels, of_teacher.weak_labels, layout, loss=loss
        )
        if heard.mixes:
            teacher = mix_rows(teacher[0], heard.mixes), mix_rows(teacher[1], heard.mixes)
        strong_same, weak_same = consistency(
            student, teacher, distance=distance, rows=layout.agreeing
        )
        labelled = strong + config.weak_loss_weight * weak
        weight = config.const_max * ramp(number, self.length.warmup)
        if heard.mixes:
            weight *= config.interpolation_weight
        agreement = weight * (strong_same + config.weak_consistency * weak_same)
        values = (
            strong,
            weak,
            teacher_strong,
            teacher_weak,
            strong_same,
            weak_same,
            agreement,
            labelled,
            strong.new_full((), weight),  # filled where it is: nothing waits for the GPU
            strong.new_full((), self.rate(number)),
        )
        self.scalars = torch.stack([value.detach() for value in values])
        return labelled + agreement

    def on_before_zero_grad(self, optimizer: torch.optim.Optimizer) -> None:
        """With `ema_update: before` the teacher lags one update behind, as in 2022."""
        if self.system.training.ema_update == "before":
            self.average()

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """With `ema_update: after` the teacher takes up the student that the update has made."""
        super().optimizer_step(*args, **kwargs)
        if self.system.training.ema_update == "after":
            self.average()

    def average(self) -> None:
        """Average the student into the teacher, once in a step, and before or after its update.

        The weights of step 1, 2, ... are the same either way: FDY-SED, which does it after, has
        counted on by then, and 2022 adds 1 to its counter.
        """
        config = self.system.training
        number, factor = self.step_number, config.ema_factor
        alpha = ema_alpha(number, factor=factor, warmup=config.ema_warmup)
        for teacher, student in (
            (self.teacher, self.student),
            (self.teacher_pretrained, self.pretrained),
        ):
            if teacher is not None and student is not None:
                update_teacher(averaged(teacher), averaged(student), alpha=alpha)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Set the rate that this update uses."""
        rate = self.rate(self.step_number)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["share"]

    def rate(self, number: int) -> float:
        """Learning rate of step 1, 2, …"""
        return self.system.opt.lr * self.schedule(number - 1)

    def validation_step(self, batch: Batch, batch_index: int) -> dict[str, Output]:
        """Posteriors of both networks in evaluation mode."""
        inputs, (student, teacher) = self.front(batch["waveforms"]), self.embeddings(batch)
        masks = masks_of(batch)
        return {
            "student": self.run(self.student, inputs, student, **masks),
            "teacher": self.run(self.teacher, inputs, teacher, **masks),
        }

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Of what the student learns, and of the pretrained network unless it is frozen."""
        opt = self.system.opt
        learned = parameter_groups(self.student, self.pretrained, opt)
        # Lightning cannot clip what a fused step unscales itself.
        fused = self.system.training.precision != "16-mixed"
        options = {"betas": (0.9, 0.999), "weight_decay": opt.weight_decay, "fused": fused}
        return OPTIMIZERS[opt.optimizer](learned, lr=opt.lr, **options)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Say which system the weights belong to."""
        checkpoint["config_hash"] = self.system.config_hash


def masks_of(batch: Batch) -> dict[str, torch.Tensor]:
    """What networks are told beside their input: which classes a clip's labels tell of."""
    return {"class_mask": batch["classes"]} if "classes" in batch else {}


def annotated(clips: Clips, batch: Batch) -> Clips:
    """The clips, with targets of 0 for classes that their labels tell nothing of."""
    if "classes" not in batch:
        return clips
    told, layout = batch["classes"], clips.layout
    strong = clips.labels * told[layout.strong_slice, :, None]
    weak = clips.weak_labels * told[layout.weak_slice]
    return replace(clips, labels=strong, weak_labels=weak)


def fused_net(system: System, embedding_size: int | None) -> dict[str, Any]:
    """Section `net` with the keys that follow from the system's embeddings, if it has any."""
    if embedding_size is None:
        return dict(system.net)
    return {
        **system.net,
        "use_embeddings": True,
        "embedding_type": FUSIONS[system.pretrained.kind],
        "embedding_size": embedding_size,
    }
