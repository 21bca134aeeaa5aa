"""The page: its files, and what it is told about a model."""

from pathlib import Path
from typing import Any

from sed_core.detection.pipeline import Pipeline

FOLDER = Path(__file__).with_name("page")
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}


def page_files() -> dict[str, tuple[bytes, str]]:
    """Content and media type of each file of the page, by its name."""
    return {
        path.name: (path.read_bytes(), KINDS[path.suffix])
        for path in sorted(FOLDER.iterdir())
        if path.suffix in KINDS
    }


def about_model(line: Pipeline, name: str) -> dict[str, Any]:
    """What the page is told: how the model hears, and the decisions to begin with.

    Args:
        line: model and decisions.
        name: of the model, to be shown.
    """
    listener, decisions = line.listener, line.decisions
    stored = listener.thresholds
    return {
        "name": name,
        "classes": line.classes,
        "frame_seconds": listener.frame_seconds,
        "sample_rate": listener.sample_rate,
        "thresholds": line.thresholds.tolist(),
        "best": None if stored is None else [stored[one] for one in line.classes],
        "merge_gap": decisions.merge_gap,
        "min_length": decisions.min_length,
    }
