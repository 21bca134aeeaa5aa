"""The exception that users read, and the sentence for a misspelt name."""

import difflib
import re
from collections.abc import Iterable


class SedError(Exception):
    """A mistake the user can mend.

    The message is one sentence that names the file (and row), says what was expected and what
    to do about it. Scripts print it without a traceback and exit with 1.
    """


MOST_NAMES = 40
"""More are not listed in a sentence (AudioSet has 527 classes)."""


def unknown_name(name: str, known: Iterable[str], kind: str) -> str:
    """A sentence for a name that does not exist, with the nearest that does."""
    names = list(known)
    near = difflib.get_close_matches(re.sub(r"\W", "", name), names, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    if len(names) > MOST_NAMES:
        return f"there is no {kind} '{name}' among the {len(names)} that there are.{hint}"
    return f"there is no {kind} '{name}'; there is {', '.join(names)}.{hint}"
