"""A batch through the lists `training.augment` and `pretrained.augment`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sed_core.config.system import System
from sed_core.runtime.seeding import derive
from sed_core.scoring.score_file import NETWORKS
from sed_core.training.augmentation.augmentation_registry import OF_ENCODER, SEPARATE, SHARED
from sed_core.training.augmentation.clip_draws import Clips, Draws

if TYPE_CHECKING:
    from sed_core.features.embeddings.encoder import MelEncoder

Entry = Mapping[str, Any]


def entries(system: System) -> list[Entry]:
    """The list, with what the key `training.mixup` of 2022 stands for in front of it."""
    kind = system.training.mixup
    first = {"name": "mixup", "labels": kind, "embeddings": system.pretrained.mixup}
    return [*([first] if kind else []), *system.training.augment]


def augmented(
    clips: Clips,
    chain: Sequence[Entry],
    *,
    seed: int,
    step: int,
    batch: int,
    rank: int = 0,
    teacher: Clips | None = None,
    first: int = 0,
) -> tuple[Clips, Clips]:
    """What student and teacher hear of a batch; one object where they hear the same.

    Args:
        clips: of the batch, as they are.
        chain: entries with a `name` and options, in the order in which they act.
        teacher: the clips as the teacher has them, if they are not the student's.
        first: so many entries of other lists acted before, whose draws are others.
        seed: of the training.
        step: of the optimiser, from 1.
        batch: its number in the epoch.
        rank: of this process among those that share the batch.
    """
    student, teacher = clips, clips if teacher is None else teacher
    for place, entry in enumerate(chain, first):
        options = {key: value for key, value in entry.items() if key != "name"}
        name = entry["name"]
        own = derive(seed, name, step, batch, *([place] if place else []))
        if name in SHARED:
            before, change = student, SHARED[name]
            student = change(student, Draws(own, rank), **options)
            if student.mixes is before.mixes:  # else the teacher's posteriors are to be mixed
                same = teacher is before
                teacher = student if same else change(teacher, Draws(own, rank), **options)
        else:
            student, teacher = (
                _apart(heard, name, Draws(derive(own, who), rank, own), options)
                for heard, who in zip((student, teacher), NETWORKS, strict=True)
            )
    return student, teacher


def _apart(clips: Clips, name: str, draws: Draws, options: Entry) -> Clips:
    if name in OF_ENCODER:
        return OF_ENCODER[name](clips, draws, **options)
    return replace(clips, mel=SEPARATE[name](clips.mel, draws, **options))


def augmented_for_encoder(
    student: Clips,
    teacher: Clips,
    encoder: "MelEncoder",
    system: System,
    *,
    seed: int,
    step: int,
    batch: int,
    rank: int = 0,
) -> tuple[Clips, Clips]:
    """Both with what the encoder hears behind its scale and `pretrained.augment`; labels follow.

    Args:
        student: clips after `training.augment`, whose `encoder_mel` is linear.
        teacher: the same object, or the teacher's own.
        encoder: that hears them.
        system: with both lists.
        seed, step, batch, rank: as of `augmented`.
    """
    before = [_in_place_of_mel(student, encoder)]
    before += [before[0] if teacher is student else _in_place_of_mel(teacher, encoder)]
    after = augmented(
        before[0],
        system.pretrained.augment,
        seed=seed,
        step=step,
        batch=batch,
        rank=rank,
        teacher=before[1],
        first=len(entries(system)),
    )
    heard = [
        replace(scaled, mel=clips.mel, encoder_mel=scaled.mel)
        for clips, scaled in zip((student, teacher), after, strict=True)
    ]
    return heard[0], heard[0] if after[0] is after[1] else heard[1]


def _in_place_of_mel(clips: Clips, encoder: "MelEncoder") -> Clips:
    """The clips as the list's functions take them, with the encoder's input for `mel`."""
    assert clips.encoder_mel is not None
    return replace(clips, mel=encoder.scaled(clips.encoder_mel))
