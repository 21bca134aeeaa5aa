"""The golden data of the original implementation."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

Golden = Callable[[str], Mapping[str, np.ndarray]]


@pytest.fixture(scope="session")
def golden_folder(reference: Path) -> Path:
    return reference / "golden"


@pytest.fixture(scope="session")
def golden(golden_folder: Path) -> Golden:
    """Reads `golden/<name>.npz`."""
    return lambda name: np.load(golden_folder / f"{name}.npz")


@pytest.fixture(scope="session")
def seed(golden_folder: Path) -> int:
    """The seed of the fill rule."""
    return json.loads((golden_folder / "seed.json").read_text())["seed"]
