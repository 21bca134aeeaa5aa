"""What all tests share: where the reference data lives, and quiet single-thread defaults."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.parity.packed import plain

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def reference_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A file of the reference data by its name there, unpacked: from the part in the repository.

    With SED_REFERENCE, the folder of the whole data, from there if it is there.
    """
    part = ROOT / "tests/parity/reference"
    folder = Path(os.environ.get("SED_REFERENCE", part))
    unpacked = tmp_path_factory.mktemp("reference")

    def find(name: str) -> Path:
        try:
            return plain(folder / name, unpacked / name)
        except FileNotFoundError:  # made by a script in tests/parity
            return plain(part / name, unpacked / name)

    return find


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of the whole reference data, for what the repository does not hold; else a skip."""
    folder = Path(os.environ.get("SED_REFERENCE", ROOT.parent / "shared" / "reference"))
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}; set SED_REFERENCE to its folder")
    return folder


def pytest_configure(config: pytest.Config) -> None:
    """Only `pytest -m gpu` uses a GPU: all other tests compare what processors compute.

    Each worker computes with one thread: more would wait for each other, and sum in another order.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if config.option.markexpr != "gpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that no worker begins one when the others are done."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
