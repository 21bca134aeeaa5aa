"""The rows of the tables: trained systems, ensembles of them, and variants of their decoding.

A variant (`crnn+sebbs`) decodes the stored scores of its system in another way; an ensemble
averages the scores of its members. Both have score files like any system, so whatever follows
treats all rows alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sed_core.config.equal_frames import unequal
from sed_core.config.systems import merge, unfit
from sed_core.runtime.errors import SedError, unknown_name

ALIKE = (("data", "test"), ("scoring", "bootstrap"), ("scoring", "eventless_clips"))
"""What rows of one table must agree in: which clips are judged, and how they are drawn."""


@dataclass(frozen=True)
class Row:
    """One row of the tables.

    Attributes:
        name: as in the tables and result paths.
        kind: `system`, `ensemble` or `variant`.
        system: complete configuration; that of a variant or ensemble says how it is scored.
        members: the systems whose scores it is made of; empty for a system.
        variant: the entry of `postprocessing` behind a variant.
    """

    name: str
    kind: str
    system: dict[str, Any]
    members: list[str] = field(default_factory=list)
    variant: dict[str, Any] = field(default_factory=dict)

    @property
    def seeds(self) -> list[int]:
        """Results of a row are kept by seed; an ensemble, which uses all seeds, has number 0."""
        return self.system["seeds"]


def rows(config: Mapping[str, Any], systems: Mapping[str, dict[str, Any]]) -> dict[str, Row]:
    """All rows in table order: targets, then the rest; each system or ensemble with its variants.

    Args:
        config: the whole configuration.
        systems: complete systems by name.

    Raises:
        SedError: an ensemble or variant names something that does not exist, members do not fit
            together, or a variant would be tuned on data that is reported.
    """
    bases = {name: Row(name, "system", system) for name, system in systems.items()}
    for name, members in config["ensembles"].items():
        for member in members:
            if member not in systems:
                raise SedError(_absent(f"ensembles.{name}", member, systems, config))
        bases[name] = _ensemble(name, members, systems)
    for name, variant in config["postprocessing"].items():
        for member in variant.get("systems", []):
            if member not in bases:
                raise SedError(_absent(f"postprocessing.{name}", member, bases, config))
    ordered = {}
    named = [name for name in config["targets"] if name in bases]
    for base in map(bases.get, dict.fromkeys([*named, *bases])):
        assert base is not None
        ordered[base.name] = base
        for name, variant in config["postprocessing"].items():
            if base.name in variant.get("systems", bases):
                row = _variant(name, variant, base)
                ordered[row.name] = row
    return ordered


def shown(rows: Mapping[str, Row], config: Mapping[str, Any]) -> dict[str, Row]:
    """The rows of the tables: the targets, their variants, ensembles of nothing but targets.

    Raises:
        SedError: they cannot stand in one table.
    """

    def is_shown(row: Row) -> bool:
        made_of = [rows[member] for member in row.members]
        return row.name in config["targets"] or (bool(made_of) and all(map(is_shown, made_of)))

    found = {name: row for name, row in rows.items() if is_shown(row)}
    first = next(iter(found.values()))
    for row in found.values():
        for section, key in ALIKE:
            one, other = first.system[section][key], row.system[section][key]
            if one != other:
                raise SedError(
                    f"config: targets: {first.name} and {row.name} differ in {section}.{key} "
                    f"({one}, {other}), so nothing can compare them; make these equal, or take one "
                    "out of `targets` and ask for its results by name."
                )
    reference = config["energy"]["reference"]
    split = first.system["data"]["test"]
    if reference and rows[reference].system["data"]["test"] != split:
        raise SedError(
            f"config: energy.reference: {reference} is not run on '{split}' as the targets are, so "
            "energies do not compare; name another system, or null for the first of the targets."
        )
    return found


def _absent(place: str, member: str, known: Iterable[str], config: Mapping[str, Any]) -> str:
    if member in config["systems"]:
        return unfit(member, config)
    return f"config: {place}: {unknown_name(member, known, 'system')}"


def _ensemble(name: str, members: Sequence[str], systems: Mapping[str, dict[str, Any]]) -> Row:
    if name in systems:
        raise SedError(f"config: ensembles.{name}: a system has that name; choose another.")
    first = systems[members[0]]
    for member in members[1:]:
        for role in ("validation", "test", "eval"):
            if systems[member]["data"][role] != first["data"][role]:
                raise SedError(
                    f"config: ensembles.{name}: {members[0]} and {member} differ in data.{role}; "
                    "average systems that are evaluated on the same splits."
                )
    different = unequal(members, systems)
    if different:
        raise SedError(f"config: ensembles.{name}: {different}.")
    return Row(name, "ensemble", merge(first, {"seeds": [0]}), list(members))


def _variant(name: str, variant: Mapping[str, Any], base: Row) -> Row:
    data = base.system["data"]
    asked = variant["tune_on"]
    split = data["validation"] if asked == "validation" else asked
    if split in (data["test"], data["eval"]):
        raise SedError(
            f"config: postprocessing.{name}: tune_on is '{asked}', which {base.name} is evaluated "
            "on; tune on validation data, such as 'validation' or a strongly labelled split."
        )
    scored = {"scoring": {"median_window": 1, "weak_mask": False}}  # what is stored is decoded
    return Row(
        f"{base.name}+{name}",
        "variant",
        merge(base.system, scored),
        [base.name],
        {**variant, "tune_on": split},
    )
