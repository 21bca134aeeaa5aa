"""Whether the lists of augmentations, loss and schedule are what their functions take."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sed_core.config import registries
from sed_core.config.entries import entry_faults
from sed_core.config.network_sections import hears_mel
from sed_core.config.registries import AUGMENTATIONS, LOSSES, SCHEDULES

MOVES = ("frame_shift", "time_mask")
"""They change when something is heard, which embeddings do not follow."""
OF_MAGNITUDES = ("filter_augment", "frequency_warp")
"""They multiply or move linear magnitudes, which an encoder's scaled input no longer is."""


def mixes_into_encoder(chain: Sequence[Mapping[str, Any]]) -> bool:
    """Whether an entry of `training.augment` mixes what a pretrained network hears."""
    return any(entry["name"] == "mixup" and entry.get("encoder") for entry in chain)


def augments_encoder(system: Mapping[str, Any]) -> bool:
    """Whether clips are changed on their way into a pretrained network inside the system."""
    chain = system["training"]["augment"]
    return mixes_into_encoder(chain) or bool(system["pretrained"]["augment"])


def faults(system: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a system's lists, loss and schedule, a sentence for each fault."""
    training, model = system["training"], system["pretrained"]["model"]
    yield from entry_faults("training.loss", training["loss"], LOSSES, "SUPERVISED")
    yield from entry_faults("opt.schedule", system["opt"]["schedule"], SCHEDULES, "SCHEDULES")
    for place, entry in enumerate(training["augment"]):
        where, name = f"training.augment.{place}", entry["name"]
        if name in registries.names(AUGMENTATIONS, "OF_ENCODER"):
            yield f"{where}: {name} changes what an encoder hears; put it into pretrained.augment"
            continue
        yield from entry_faults(where, entry, AUGMENTATIONS, "SHARED", "SEPARATE")
        if name == "mixup" and training["mixup"] is not None:
            yield f"{where} is mixup, and training.mixup mixes, too; set training.mixup to null"
        if name != "mixup" and not hears_mel(system["net"]):
            yield (
                f"{where}: {name} changes the log-mel, which network '{system['net']['model']}' "
                "does not hear; take it out or put one into pretrained.augment"
            )
        if name in MOVES and model is not None:
            yield (
                f"{where}: {name} changes when a clip's sounds are heard, but not the "
                f"embeddings of '{model}'; take it out"
            )
    yield from _encoder_faults(system)
    yield from _mixup_faults(system)


def _mixup_faults(system: Mapping[str, Any]) -> Iterator[str]:
    """Labels are mixed where all that the network hears is mixed, too."""
    training, pretrained, network = system["training"], system["pretrained"], system["net"]["model"]
    mel = hears_mel(system["net"])
    mixed = [entry for entry in training["augment"] if entry["name"] == "mixup"]
    kinds = [entry.get("consistency", "same") for entry in mixed]
    if kinds != sorted(kinds, reverse=True):  # same, then interpolated
        yield (
            "training.augment mixes the clips of the teacher (consistency: same) after a mixup "
            "that it does not hear (interpolated); put the former first"
        )
    if training["mixup"] is not None:
        mixed.append({"embeddings": pretrained["mixup"]})
    both = ("embeddings", "encoder", "own_partners")
    if not mel and not all(any(entry.get(key) for key in both) for entry in mixed):
        yield (
            f"mixup would mix labels, but nothing that network '{network}' hears; set "
            "training.mixup to null, or pretrained.mixup to true"
        )
    if mel and any(entry["name"] == "mixup" for entry in pretrained["augment"]):
        yield (
            f"mixup in pretrained.augment would mix labels, but not the log-mel that network "
            f"'{network}' hears, too; put it into training.augment with encoder: true"
        )


def _encoder_faults(system: Mapping[str, Any]) -> Iterator[str]:
    """Of what changes an encoder's input: it runs inside, and nothing is mixed twice."""
    training, pretrained = system["training"], system["pretrained"]
    by_mixup = mixes_into_encoder(training["augment"])
    for place, entry in enumerate(pretrained["augment"]):
        where, name = f"pretrained.augment.{place}", entry["name"]
        yield from entry_faults(where, entry, AUGMENTATIONS, "SHARED", "SEPARATE", "OF_ENCODER")
        if name in MOVES or name in OF_MAGNITUDES:
            yield f"{where}: {name} is of linear mel magnitudes; put it into training.augment"
        for option in ("embeddings", "encoder", "own_partners"):
            if name == "mixup" and entry.get(option):
                yield f"{where}: {option} is an option of training.augment; take it out"
    if not augments_encoder(system):
        return
    told = "mixup with encoder: true" if by_mixup else "pretrained.augment"
    if not pretrained["e2e"]:
        yield (
            f"{told} changes what a pretrained network hears, but none runs inside this system; "
            "set pretrained.model and pretrained.e2e: true, or leave it out"
        )
    mixed = [entry for entry in training["augment"] if entry["name"] == "mixup"]
    if pretrained["mixup"] or any(
        entry.get("embeddings") or entry.get("own_partners") for entry in mixed
    ):
        yield (
            f"{told} changes what a pretrained network hears, so its embeddings are not mixed "
            "afterwards; leave out mixup with embeddings or own_partners and pretrained.mixup"
        )
