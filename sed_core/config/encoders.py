"""Which registered network stands behind an entry of `embeddings`, and with which options."""

from collections.abc import Iterator, Mapping
from typing import Any

from sed_core.config import registries
from sed_core.config.augmentations import augments_encoder
from sed_core.config.embedding_kinds import readable
from sed_core.runtime.errors import unknown_name


def network(name: str, config: Mapping[str, Any]) -> str:
    """Registered name of the network of an entry: `network`, or the entry's own name."""
    return config["embeddings"][name].get("network", name)


def options(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry changes in its network (`Encoder.configured`); mostly nothing."""
    return dict(config["embeddings"][name].get("options", {}))


def named(system: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """A system whose section `pretrained` says which network that is, and with which options."""
    pretrained = {**system["pretrained"], "network": None, "options": {}}
    if (model := pretrained["model"]) in config["embeddings"]:
        pretrained |= {"network": network(model, config), "options": options(model, config)}
    return {**system, "pretrained": pretrained}


def faults(system: Mapping[str, Any], name: str, config: Mapping[str, Any]) -> Iterator[str]:
    """Why the embeddings that a system names cannot be had, a sentence for each reason.

    Args:
        system: complete configuration.
        name: of the system.
        config: the whole configuration.
    """
    model, kind = system["pretrained"]["model"], system["pretrained"]["kind"]
    if model is None:
        return
    place = f"systems.{name}: pretrained.model"
    if model not in config["embeddings"]:
        yield f"{place}: {unknown_name(model, config['embeddings'], 'pretrained network')}"
        return
    found, known = network(model, config), registries.names(registries.ENCODERS, "ENCODERS")
    if found not in known:
        if found != model:
            place = f"embeddings.{model}.network"
        yield f"{place}: {unknown_name(found, known, 'pretrained network')}"
        return
    kinds = readable(registries.kinds(found), alignable=registries.is_alignable(found))
    if kind not in kinds:
        yield (
            f"systems.{name}: pretrained.kind is '{kind}', but {model} gives only "
            f"{', '.join(kinds)}."
        )
    if system["opt"]["encoder_decay"] != 1 and not registries.has_blocks(found):
        yield (
            f"systems.{name}: opt.encoder_decay is from block to block, but {model} states none; "
            "set it to 1."
        )
    if augments_encoder(system) and not registries.hears_mel(found):
        others = [other for other in known if registries.hears_mel(other)]
        yield (
            f"systems.{name}: {model} has a front end that cannot be augmented (pretrained.augment "
            f"and mixup with encoder: true); take one of {', '.join(others)}, or leave it out."
        )
    for option in sorted(set(options(model, config)) - set(registries.options(found))):
        given = ", ".join(registries.options(found)) or "none"
        yield f"embeddings.{model}.options: '{found}' has no '{option}'; its options: {given}."
