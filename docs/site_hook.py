"""For the site: takes along what pages link to outside `docs`, such as the README."""

import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = re.compile(r"(?<=\]\()\.\./([^)#\s]+)")
FOLDER = "repository"
"""Where the site has the files of the repository that lie outside `docs`."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every file that a page links to, and what those link to."""
    waiting = sorted({name for page in Path(config.docs_dir).glob("*.md") for name in linked(page)})
    for name in waiting:
        path = ROOT / name
        place = f"{FOLDER}/{name}"
        if path.is_file() and files.get_file_from_path(place) is None:
            files.append(File.generated(config, place, content=path.read_bytes()))
    return files


def linked(page: Path) -> list[str]:
    """Files outside `docs` that a page links to, relative to the repository."""
    return OUTSIDE.findall(page.read_text(encoding="utf-8"))


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links at the places that `on_files` gave."""
    source = PurePosixPath(page.file.src_uri)
    if source.parts[0] != FOLDER:
        return OUTSIDE.sub(rf"{FOLDER}/\1", markdown)
    up = "../" * (len(source.parts) - 1)

    def moved(match: re.Match[str]) -> str:
        target = PurePosixPath(*source.parts[1:-1], match[1])
        if target.parts[0] == "docs":
            return up + "/".join(target.parts[1:])
        return match[1] if files.get_file_from_path(f"{FOLDER}/{target}") else up + "README.md"

    return re.sub(r"(?<=\]\()(?!https?:|#)([^)#\s]+)", moved, markdown)
