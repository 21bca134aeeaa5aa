"""The golden data of the original implementation."""

import json
from collections.abc import Callable
from functools import cache

import pytest

from tests.parity.subset import Arrays

Golden = Callable[[str], Arrays]


@pytest.fixture(scope="session")
def golden(reference_file) -> Golden:
    """Reads `golden/<name>.npz`."""
    return cache(lambda name: Arrays(reference_file(f"golden/{name}.npz")))


@pytest.fixture(scope="session")
def seed(reference_file) -> int:
    """The seed of the fill rule."""
    return json.loads(reference_file("golden/seed.json").read_text())["seed"]
