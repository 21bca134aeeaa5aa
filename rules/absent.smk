"""What is said when somebody asks for results of a system that does not exist."""

from sed_core.config.consistency import FOLDERS


rule absent:
    """Name the systems that there are."""
    input:
        say_what_there_is,
    output:
        "<results>/{absent}/{file}",
    wildcard_constraints:
        absent=f"(?!(?:{one_of([*ROWS, *FOLDERS])})/)[^/]+",
        file=".+",
