"""Sections of a configuration as typed objects."""

from dataclasses import fields
from typing import Any

from sed_core.runtime.errors import SedError


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
