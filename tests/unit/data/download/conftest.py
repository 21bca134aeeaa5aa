"""A flaky server on this machine, and patience that fits a test."""

from collections.abc import Iterator

import pytest

from sed_core.data.download.resumable_http import RetryPolicy
from tests.servers.flaky import Flaky


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Flaky]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    flaky = Flaky()
    yield flaky
    flaky.close()


@pytest.fixture
def quick() -> RetryPolicy:
    return RetryPolicy(
        attempts=3, connect_timeout=2, read_timeout=2, backoff=0.01, longest_wait=0.02
    )
