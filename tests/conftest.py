"""What all tests share: where the reference data lives, and quiet single-thread defaults."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder with outputs of the original implementation; tests that need it skip without it."""
    folder = Path(os.environ.get("SED_REFERENCE", ROOT.parent / "shared" / "reference"))
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}; set SED_REFERENCE to its folder")
    return folder


def pytest_configure(config: pytest.Config) -> None:
    """Only `pytest -m gpu` uses a GPU: all other tests compare what processors compute."""
    if config.option.markexpr != "gpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that no worker begins one when the others are done."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
