"""Write what follows from the declared keys: `python -m sed_core.config`, in a clone."""

from pathlib import Path

from sed_core.config.documents import SCHEMA, schema_text, with_defaults, with_keys

HOME = Path(__file__).resolve().parents[2]
PAGE = "docs/configuration.md"


def documents(home: Path) -> dict[str, str]:
    """The files and what they should hold.

    Args:
        home: the repository.
    """
    return {
        SCHEMA: schema_text(),
        "config.yaml": with_defaults((home / "config.yaml").read_text(encoding="utf-8")),
        PAGE: with_keys((home / PAGE).read_text(encoding="utf-8")),
    }


if __name__ == "__main__":
    for name, text in documents(HOME).items():
        (HOME / name).write_text(text, encoding="utf-8")
