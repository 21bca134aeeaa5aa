import time
from email.utils import formatdate

import pytest

from sed_core.data.download.resumable_http import RetryPolicy, retry_after


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("120", 120.0),
        ("Tue, 01 Mar 2016 11:00:00 GMT", 0.0),
    ],
)
def test_retry_after_reads_seconds_and_past_dates(
    header: str | None, seconds: float | None
) -> None:
    assert retry_after(header) == seconds


def test_retry_after_reads_a_date_to_come() -> None:
    asked = time.time()
    found = retry_after(formatdate(asked + 3000))
    # the header is written in whole seconds, and this test may itself be kept waiting
    assert found is not None and 3000 - (time.time() - asked) - 1 <= found <= 3000


def test_waiting_doubles_up_to_a_bound_with_jitter() -> None:
    policy = RetryPolicy(backoff=2.0, longest_wait=10.0)
    for attempt, longest in [(1, 2), (2, 4), (3, 8), (4, 10), (9, 10)]:
        waits = [policy.wait(attempt) for _ in range(50)]
        assert longest / 2 <= min(waits) < max(waits) <= longest
