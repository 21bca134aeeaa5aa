"""Keys of `data` by which systems label for another one, and whether they can."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sed_core.config.equal_frames import unequal
from sed_core.config.key import key
from sed_core.runtime.errors import unknown_name

PSEUDO = "pseudo-"
"""What begins the name of a way in which labels come about: by other systems."""


def pseudo_labels(split: str) -> str:
    """The file of a split's labels in the folder of the results of the system that they train.

    Not among the prepared data, which several folders of results may share, each with systems of
    its own under the same names.
    """
    return f"{split}_pseudo_labels.tsv"


@dataclass(frozen=True)
class PseudoLabelling:
    """Where labels of clips come from that nobody has labelled."""

    pseudo_from: list[str] = key([], uniqueItems=True)
    """Systems whose mean score, over all their seeds, labels those splits of `strong` that have no
    labels; they are trained first."""
    pseudo_sharpen: float = key(1.0, exclusiveMinimum=0, maximum=100)
    """Factor of that score's logit: above 1 the labels move to 0 and 1."""
    pseudo_floor: float = key(0.1, minimum=0, maximum=1)
    """Such labels are 0 below it; clips without any other do not train."""


def faults(name: str, systems: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Why others cannot label for a system, a sentence for each reason.

    Args:
        name: of the system.
        systems: complete ones of the data set, by name.
    """
    members = systems[name]["data"]["pseudo_from"]
    for member in members:
        if member == name or member not in systems:
            others = [other for other in systems if other != name]
            yield f"data.pseudo_from: {unknown_name(member, others, 'other system')}"
            return
    if name in _before(members, systems):
        yield (
            f"data.pseudo_from: {', '.join(members)} learn from {name} themselves; let a system "
            "learn from earlier ones only"
        )
    different = unequal(members, systems)
    if different:
        yield f"data.pseudo_from: {different}"


def _before(members: list[str], systems: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The systems that are trained before a system that learns from these, as far as is known."""
    found: set[str] = set()
    todo = list(members)
    while todo:
        member = todo.pop()
        if member not in found and member in systems:
            found.add(member)
            first = systems[member]["training"]["start_from"]
            todo += [*systems[member]["data"]["pseudo_from"], *([first] if first else [])]
    return found
