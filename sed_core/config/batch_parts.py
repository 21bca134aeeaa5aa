"""Entries of `training.strong_parts`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sed_core.config.key import Rules


@dataclass(frozen=True)
class StrongPart:
    """A part of the strong share of a batch: its splits, its clips, and whether they must agree."""

    splits: list[str]
    clips: int
    consistency: bool = True


STRONG_PART: Rules = {
    "required": ["splits", "clips"],
    "additionalProperties": False,
    "properties": {
        "splits": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "clips": {"type": "integer", "minimum": 1},
        "consistency": {"type": "boolean"},
    },
}


def parts(entries: Iterable[Mapping[str, Any]]) -> list[StrongPart]:
    """The list `training.strong_parts` as objects."""
    return [StrongPart(**entry) for entry in entries]


def shares(entries: Iterable[Mapping[str, Any]], batch_size: Sequence[int]) -> list[int]:
    """Clips of every part of a batch, the strong share as the entries divide it."""
    return [*([part.clips for part in parts(entries)] or batch_size[:1]), *batch_size[1:]]
