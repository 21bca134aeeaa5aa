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
        pytest.param(formatdate(time.time() + 3000), 3000.0, id="in 3000 s"),  # workers agree
        ("Tue, 01 Mar 2016 11:00:00 GMT", 0.0),
    ],
)
def test_retry_after_reads_seconds_and_dates(header: str | None, seconds: float | None) -> None:
    found = retry_after(header)
    assert found == seconds or found == pytest.approx(seconds, abs=600)


def test_waiting_doubles_up_to_a_bound_with_jitter() -> None:
    policy = RetryPolicy(backoff=2.0, longest_wait=10.0)
    for attempt, longest in [(1, 2), (2, 4), (3, 8), (4, 10), (9, 10)]:
        waits = [policy.wait(attempt) for _ in range(50)]
        assert longest / 2 <= min(waits) < max(waits) <= longest
