"""What is written from the declared keys: schema, defaults in `config.yaml`, table of keys."""

import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import yaml

from sed_core.config.json_schema import property_of, schema_of, without_required
from sed_core.config.key import ABSENT, Key, keys_of
from sed_core.config.workflow_sections import Config

WIDTH = 110
SCHEMA = "schemas/config.schema.yaml"
HINT = f"# yaml-language-server: $schema={SCHEMA}"
SHIPPED = ("compute", "energy", "defaults")
"""Sections of `config.yaml` that are the same for every data set, and so written from the keys."""
WRITTEN = re.compile(r"<!-- keys:begin -->\n.*<!-- keys:end -->\n", re.S)


def schema_text() -> str:
    """The schema for editors: of any file that says what differs from `config.yaml`."""
    head = "# Written by `python -m sed_core.config` from the keys that sed_core/config declares.\n"
    schema = without_required(schema_of(Config))
    return head + yaml.safe_dump(schema, sort_keys=False, width=WIDTH, allow_unicode=True)


def with_defaults(text: str) -> str:
    """`config.yaml` with the editor's hint and with the sections of `SHIPPED` written anew."""
    text = HINT + "\n" + text.removeprefix(HINT).lstrip("\n")
    for one in keys_of(Config):
        if one.name in SHIPPED:
            block = f"{one.name}:\n{_yaml(one.kind, '  ')}\n".replace("\\", r"\\")
            text = re.sub(rf"^{one.name}:\n(?:(?: .*)?\n)*", block, text, flags=re.M)
    return text


def _yaml(section: Any, indent: str) -> str:
    """A section's keys with their defaults, each explained beside or above it."""
    lines = []
    for one in keys_of(section):
        if one.sections:
            lines += ["", *_comment(one.text, indent), f"{indent}{one.name}:"]
            lines.append(_yaml(one.sections[0], indent + "  ").rstrip("\n"))
        elif one.default is not ABSENT:
            line, said = f"{indent}{one.name}: {_value(one.default)}", _said(one)
            beside = f"{line} # {said}" if said else line
            fits = len(beside) <= WIDTH
            lines += [beside] if fits else [*_comment(said, indent), line]
    return "\n".join(lines).removeprefix("\n") + "\n"


def _comment(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")


class _WithoutAnchors(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _value(value: Any) -> str:
    text = yaml.dump(value, Dumper=_WithoutAnchors, default_flow_style=True, width=float("inf"))
    return text.removesuffix("...\n").rstrip("\n")


def _said(one: Key) -> str:
    """What a key means, after what can be chosen."""
    choices = " | ".join(map(_value, property_of(one, {}).get("enum", [])))
    return ". ".join(filter(None, (choices, one.text)))


def with_keys(page: str) -> str:
    """`docs/configuration.md` with the tables of all keys written anew."""
    tables = "\n".join(_tables(Config, ""))
    written = f"<!-- keys:begin -->\n{tables}\n<!-- keys:end -->\n"
    return WRITTEN.sub(lambda _: written, page)


def _tables(section: type, place: str) -> Iterator[str]:
    keys = list(keys_of(section))
    yield f"\n### {place or 'Top level'}\n\n{inspect.getdoc(section)}\n"
    yield "| key | default | may be | meaning |\n|---|---|---|---|"
    for one in keys:
        default = f"`{_value(one.default)}`" if one.default is not ABSENT else ""
        may_be = _may_be(property_of(one, {}), optional=one.optional)
        yield f"| `{one.name}` | {default} | {may_be} | {one.text} |".replace("  ", " ")
    for one in keys:
        if one.name == "systems" and section is Config:
            continue  # as `defaults`
        inside = f"{place}.{one.name}".lstrip(".")
        inside += (
            ".NAME" if get_origin(one.kind) is dict and get_args(one.kind)[1] is not Any else ""
        )
        for kind in one.sections:
            yield from _tables(kind, f"{inside} ({kind.__name__})" if one.sections[1:] else inside)


WORDS = {"string": "text", "array": "list", "object": "section", "number": "number"}
BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "multipleOf": "a multiple of {}",
    "minItems": "{} or more",
    "minLength": "not empty",
}


def _may_be(schema: dict[str, Any], *, optional: bool) -> str:
    """Type and bounds of a value, for a cell of a table."""
    if "enum" in schema:
        kinds = [f"`{_value(choice)}`" for choice in schema["enum"]]
    else:
        given = schema.get("type", "object" if "$ref" in schema else "")
        kinds = [WORDS.get(kind, kind) for kind in ([given] if isinstance(given, str) else given)]
    words = [" or ".join(kinds)]
    if "expected" in schema:
        words.append(schema["expected"].removesuffix("."))
    else:
        words += [said.format(schema[word]) for word, said in BOUNDS.items() if word in schema]
    if schema.get("items"):
        words.append(f"each {_may_be(schema['items'], optional=False)}")
    if optional:
        words.append("may be left out")
    return ", ".join(filter(None, words))
