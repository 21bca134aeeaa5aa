"""The JSON Schema of declared sections: what the workflow checks, and what editors complete by."""

import types
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, Literal, Union, get_args, get_origin

from sed_core.config.key import Key, keys_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NAMES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def schema_of(section: type) -> dict[str, Any]:
    """The schema of a section, with those of the sections inside it under `$defs`."""
    inside: dict[str, Any] = {}
    whole = _object(section, inside)
    return {"$schema": DIALECT, **whole, "$defs": inside}


def without_required(schema: Any) -> Any:
    """The schema for a file that says only what differs from others, as editors see it."""
    if isinstance(schema, Mapping):
        dropped = {"expected", *(["required"] if "type" in schema else [])}
        kept = {word: rule for word, rule in schema.items() if word not in dropped}
        return {word: without_required(rule) for word, rule in kept.items()}
    return [without_required(item) for item in schema] if isinstance(schema, list) else schema


def _object(section: Any, inside: dict[str, Any]) -> dict[str, Any]:
    keys = list(keys_of(section))
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [key.name for key in keys if not key.optional],
        "properties": {key.name: property_of(key, inside) for key in keys},
        **getattr(section, "RULES", {}),
    }


def property_of(key: Key, inside: dict[str, Any]) -> dict[str, Any]:
    """The schema of one key's value; sections that it refers to are added to `inside`."""
    for section in key.sections:
        _reference(section, inside)
    found = _laid_over(_value(key.kind, inside), key.rules)
    return found | ({"description": key.text} if key.text else {})


def _laid_over(base: dict[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    """Rules for the items of a list are laid over what the items' type says."""
    found = dict(base)
    for word, rule in rules.items():
        inner = word in ("items", "additionalProperties") and isinstance(rule, Mapping)
        found[word] = _laid_over(found.get(word, {}), rule) if inner else rule
    return found


def _value(kind: Any, inside: dict[str, Any]) -> dict[str, Any]:
    """What the type alone says of a value; of a union other than `X | None`, nothing."""
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _reference(kind, inside)
    if origin is Literal:
        return {"enum": list(inner)}
    if origin is list:
        return {"type": "array", "items": _value(inner[0], inside)}
    if origin is dict:
        rest = _value(inner[1], inside)
        return {"type": "object", **({"additionalProperties": rest} if rest else {})}
    if origin in (Union, types.UnionType):
        found = [
            _object(one, inside)
            if is_dataclass(one) and type(None) in inner
            else _value(one, inside)
            for one in inner
            if one is not type(None)
        ]
        return _or_null(found[0]) if len(found) < len(inner) == 2 else {}
    return {"type": NAMES[kind]} if kind in NAMES else {}


def _reference(section: Any, inside: dict[str, Any]) -> dict[str, Any]:
    if section.__name__ not in inside:
        inside[section.__name__] = {}  # keeps its place before those inside it
        inside[section.__name__] = _object(section, inside)
    return {"$ref": f"#/$defs/{section.__name__}"}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "enum" in schema:
        return {"enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]}
