"""Entries with a `name` and options: whether these are what the registered function takes."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from sed_core.config import registries
from sed_core.runtime.errors import unknown_name


def entry_faults(where: str, entry: Mapping[str, Any], file: str, *tables: str) -> Iterator[str]:
    """What is wrong with an entry, a sentence for each fault.

    Args:
        where: its place in a system's configuration.
        entry: its `name` and options.
        file: the registry that has the name, in one of its `tables`.
    """
    known = {name: item for table in tables for name, item in registries.names(file, table).items()}
    name = entry["name"]
    if name not in known:
        yield f"{where}: {unknown_name(name, known, 'such entry').rstrip('.')}"
        return
    takes = registries.parameters(file, known[name])
    if unknown := {item.annotation for item in takes.values() if not _known(item.annotation)}:
        yield (
            f"{where}: {name} has options of type {', '.join(sorted(unknown))}, which cannot be "
            f"given here; let them be {', '.join(_WANTED)}, a Literal of texts or a tuple of two"
        )
        return
    for option, parameter in takes.items():
        if parameter.required and option not in entry:
            yield f"{where}: {name} needs {option}, {_misfit(None, parameter.annotation)}; add it"
    for option, value in entry.items():
        if option == "name":
            continue
        if option not in takes:
            yield f"{where}: {name} has no option '{option}'; it has {', '.join(takes) or 'none'}"
        elif wanted := _misfit(value, takes[option].annotation):
            yield f"{where}: {option} of {name} is {value!r}; expected {wanted}"


def _known(annotation: str) -> bool:
    item = _inner(annotation)[0] if annotation.startswith("tuple[") else annotation
    return annotation.startswith("Literal[") or item in _WANTED


def _misfit(value: Any, annotation: str) -> str:
    """What an option of this type must be, if the value is not; else nothing."""
    if annotation.startswith("Literal"):
        choices = [ast.literal_eval(item) for item in _inner(annotation)]
        return "" if value in choices else f"one of {', '.join(choices)}"
    if annotation.startswith("tuple"):
        inner = _inner(annotation)[0]
        pair = isinstance(value, list) and len(value) == 2
        fits = pair and not any(_misfit(one, inner) for one in value) and value[0] <= value[1]
        return "" if fits else f"[lowest, highest], each {_WANTED[inner][1]}"
    fits, told = _WANTED[annotation]
    return "" if fits(value) else told


def _inner(annotation: str) -> list[str]:
    node = ast.parse(annotation, mode="eval").body
    assert isinstance(node, ast.Subscript)
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return [ast.unparse(item) for item in items]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_WANTED = {
    "bool": (lambda value: isinstance(value, bool), "true or false"),
    "int": (lambda value: _whole(value) and value >= 0, "a whole number from 0 on"),
    "Count": (lambda value: _whole(value) and value >= 1, "a whole number from 1 on"),
    "Share": (lambda value: _number(value) and 0 <= value <= 1, "a number from 0 to 1"),
    "Exponent": (lambda value: _number(value) and value >= 0, "a number from 0 on"),
    "Positive": (lambda value: _number(value) and value > 0, "a number above 0"),
    "float": (_number, "a number"),
}
