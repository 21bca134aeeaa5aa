"""A key of the configuration is declared once, as a field of its section's dataclass.

The field's type says what the value may be, `key` its default and its bounds, and the text below
it what it means. Schema, defaults in `config.yaml` and `docs/configuration.md` come from these
(`python -m sed_core.config`); what a key may be and means is no part of any code version.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal, get_args, get_type_hints

from sed_core.runtime.errors import SedError

ABSENT = object()
"""In place of a default: there is none."""
Rules = dict[str, Any]
"""Words of JSON Schema with what follows them."""
FRAMES: Rules = {"type": "integer", "minimum": 1}
FRAMES_BY_CLASS: Rules = {
    "type": ["integer", "array"],
    "minimum": 1,
    "items": FRAMES,
    "minItems": 1,
    "expected": "a number of frames, or a list with one for each class.",
}
SEED: Rules = {"minimum": 0, "maximum": 2**32 - 1}
Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
F1Convention = Literal["dcase2022", "sed_scores_eval"]


@dataclass(frozen=True)
class Key:
    """One key of a section.

    Attributes:
        name: as in the YAML.
        kind: type of its value.
        default: in `config.yaml`; `ABSENT` where every entry gives its own.
        optional: whether it may be left out.
        sections: dataclasses of which the value is one, or its entries are.
        rules: further words of JSON Schema, and `expected`, which ends a refusal.
        text: what it means.
    """

    name: str
    kind: Any
    default: Any
    optional: bool
    sections: tuple[type, ...]
    rules: dict[str, Any]
    text: str


def key(
    default: Any = ABSENT,
    /,
    *,
    optional: bool = False,
    sections: Iterable[type] = (),
    **rules: Any,
) -> Any:
    """Declare a field of a section as a key of the configuration; arguments as in `Key`.

    >>> @dataclass
    ... class Opt:
    ...     lr: float = key(0.001, exclusiveMinimum=0)
    >>> [(found.name, found.default, found.rules) for found in keys_of(Opt)]
    [('lr', 0.001, {'exclusiveMinimum': 0})]
    """
    told = {"default": default, "optional": optional, "sections": tuple(sections), "rules": rules}
    return field(metadata=told)


def keys_of(section: type) -> Iterator[Key]:
    """The keys of a section, in their order."""
    kinds, texts = get_type_hints(section), _texts(section)
    for one in fields(section):
        if not one.metadata:
            continue  # no key: it follows from the configuration
        kind = kinds[one.name]
        inside = tuple(filter(is_dataclass, [kind, *get_args(kind)])) or one.metadata["sections"]
        told = {**one.metadata, "sections": inside}
        yield Key(name=one.name, kind=kind, text=texts.get(one.name, ""), **told)


def defaults_of(section: type) -> dict[str, Any]:
    """The section as it is shipped."""
    return {one.name: one.default for one in keys_of(section)}


def _texts(section: type) -> dict[str, str]:
    """The text below each field of a dataclass and of those that it is made from."""
    found: dict[str, str] = {}
    for part in reversed(section.__mro__[:-1]):
        try:
            body = ast.parse(textwrap.dedent(inspect.getsource(part))).body[0]
        except OSError:  # typed at a prompt
            continue
        assert isinstance(body, ast.ClassDef)
        for before, after in zip(body.body, body.body[1:], strict=False):
            if isinstance(before, ast.AnnAssign) and isinstance(after, ast.Expr):
                said = ast.literal_eval(after.value)
                found[ast.unparse(before.target)] = " ".join(said.split())
    return found


def section(kind: Any, given: Any, name: str) -> Any:
    """Build the dataclass `kind` from a section that must have exactly its keys.

    Args:
        kind: the class; anything that is no dataclass takes `given` as it is.
        given: keys and values of the section.
        name: what it is, for the error.

    Raises:
        SedError: a key is missing or unknown.
    """
    if not hasattr(kind, "__dataclass_fields__"):
        return given
    known = {field.name for field in fields(kind)}
    wrong = sorted(set(given) ^ known)
    if wrong:
        raise SedError(
            f"{name} must have exactly the keys {', '.join(sorted(known))}; check "
            f"{', '.join(wrong)}."
        )
    return kind(**given)
