"""The results section of a README, made from the tables so that the two cannot differ."""

import re

from sed_core.runtime.errors import SedError

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"


def section(documents: list[str], *, tables: list[int]) -> str:
    """The first tables of some Markdown documents, one heading level lower.

    Args:
        documents: contents of `tables/*.md`.
        tables: how many tables to take of each.
    """
    chosen = []
    for text, count in zip(documents, tables, strict=True):
        found = re.split(r"(?m)^(?=## )", text)[1:]
        chosen += [table.replace("## ", "### ", 1).strip() for table in found[:count]]
    return "\n\n".join(chosen)


def filled(readme: str, content: str) -> str:
    """The README with `content` between its two marks.

    Raises:
        SedError: the marks are not there, once each and in order.
    """
    if readme.count(BEGIN) != 1 or readme.count(END) != 1:
        raise SedError(f"the README needs one line '{BEGIN}' and, below it, one line '{END}'.")
    before, _, rest = readme.partition(BEGIN)
    if END not in rest:
        raise SedError(f"in the README '{END}' must stand below '{BEGIN}'.")
    return f"{before}{BEGIN}\n\n{content}\n\n{END}{rest.partition(END)[2]}"
