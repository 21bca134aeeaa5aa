"""Scores are averaged frame by frame, so systems that are averaged have frames of one length."""

from collections.abc import Mapping, Sequence
from typing import Any

from sed_core.config.network_sections import time_pooling


def unequal(members: Sequence[str], systems: Mapping[str, Mapping[str, Any]]) -> str:
    """Which systems have other frames than the first, in a sentence; empty if none is known to.

    Args:
        members: names of the systems.
        systems: complete ones by name.
    """
    for member in members[1:]:
        first, other = _frame(systems[members[0]]), _frame(systems[member])
        if None not in (first, other) and first != other:
            return (
                f"{members[0]} and {member} have frames of {first} and {other} samples; average "
                "systems with equal frames"
            )
    return ""


def _frame(system: Mapping[str, Any]) -> int | None:
    """Samples from one output frame to the next; unknown where a checkpoint decides."""
    if system["checkpoint"] is not None:
        return None
    return system["feats"]["hop_length"] * time_pooling(system["net"])
