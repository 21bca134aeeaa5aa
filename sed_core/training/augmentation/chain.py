"""A batch through the whole list `training.augment`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sed_core.config.system import System
from sed_core.runtime.seeding import derive
from sed_core.scoring.score_file import NETWORKS
from sed_core.training.augmentation.augmentation_registry import SEPARATE, SHARED
from sed_core.training.augmentation.clip_draws import Clips, Draws

Entry = Mapping[str, Any]


def entries(system: System) -> list[Entry]:
    """The list, with what the key `training.mixup` of 2022 stands for in front of it."""
    kind = system.training.mixup
    first = {"name": "mixup", "labels": kind, "embeddings": system.pretrained.mixup}
    return [*([first] if kind else []), *system.training.augment]


def augmented(
    clips: Clips, chain: Sequence[Entry], *, seed: int, step: int, batch: int, rank: int = 0
) -> tuple[Clips, Clips]:
    """What student and teacher hear of a batch; one object where they hear the same.

    Args:
        clips: of the batch, as they are.
        chain: entries with a `name` and options, in the order in which they act.
        seed: of the training.
        step: of the optimiser, from 1.
        batch: its number in the epoch.
        rank: of this process among those that share the batch.
    """
    student = teacher = clips
    for place, entry in enumerate(chain):
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
                replace(
                    heard, mel=SEPARATE[name](heard.mel, Draws(derive(own, who), rank), **options)
                )
                for heard, who in zip((student, teacher), NETWORKS, strict=True)
            )
    return student, teacher
