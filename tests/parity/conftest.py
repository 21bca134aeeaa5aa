"""The golden data of the original implementation, and of other published systems."""

import json
from collections.abc import Callable
from functools import cache

import pytest

from tests.parity.subset import Arrays
from tests.parity.zoo_files import NOT_COMPARED, READ_BY

Golden = Callable[[str], Arrays]


@pytest.fixture(scope="session")
def golden(reference_file) -> Golden:
    """Reads `golden/<name>.npz`."""
    return cache(lambda name: Arrays(reference_file(f"golden/{name}.npz")))


@pytest.fixture(scope="session")
def zoo(reference_file) -> Golden:
    """Reads `zoo/<name>.npz`."""
    return cache(lambda name: Arrays(reference_file(f"zoo/{name}.npz")))


@pytest.fixture(scope="session")
def seed(reference_file) -> int:
    """The seed of the fill rule."""
    return json.loads(reference_file("golden/seed.json").read_text())["seed"]


@pytest.fixture
def unread(request, zoo) -> list[str]:
    """Arrays of the zoo that the tests above the asking one, in its file, had to read but did not.

    A skip where some of them did not run: then this says nothing.
    """
    config, module = request.config, request.module.__name__.rpartition(".")[-1]
    chosen = config.option.keyword or any("::" in argument for argument in config.args)
    if chosen or request.session.testsfailed:
        pytest.skip("says something only if all tests of this file ran and passed")
    return [
        f"{name}: {array}"
        for name in READ_BY[module]
        for array in sorted(set(zoo(name)) - zoo(name).read - NOT_COMPARED.keys())
    ]
