"""Whether augmentations, loss and schedule are what their functions take."""

from collections.abc import Iterator, Mapping
from typing import Any

from sed_core.config.entries import entry_faults
from sed_core.config.registries import AUGMENTATIONS, LOSSES, SCHEDULES

MOVES = ("frame_shift", "time_mask")
"""They change when something is heard, which embeddings do not follow."""


def faults(system: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a system's list, loss and schedule, a sentence for each fault."""
    training, model = system["training"], system["pretrained"]["model"]
    yield from entry_faults("training.loss", training["loss"], LOSSES, "SUPERVISED")
    yield from entry_faults("opt.schedule", system["opt"]["schedule"], SCHEDULES, "SCHEDULES")
    for place, entry in enumerate(training["augment"]):
        where, name = f"training.augment.{place}", entry["name"]
        yield from entry_faults(where, entry, AUGMENTATIONS, "SHARED", "SEPARATE")
        if name == "mixup" and training["mixup"] is not None:
            yield f"{where} is mixup, and training.mixup mixes, too; set training.mixup to null"
        if name in MOVES and model is not None:
            yield (
                f"{where}: {name} changes when a clip's sounds are heard, but not the "
                f"embeddings of '{model}'; take it out"
            )
