from datetime import UTC, datetime

import pytest

from sed_core.data.download.retry import RetryPolicy, retry_after, waiting_time

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("120", 120.0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 12:00:30 -0000", 30.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
    ],
)
def test_retry_after_reads_seconds_and_dates(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, now=NOW) == seconds


def test_waiting_doubles_up_to_a_bound_with_jitter() -> None:
    policy = RetryPolicy(backoff=2.0, longest_wait=10.0)
    for attempt, longest in [(1, 2), (2, 4), (3, 8), (4, 10), (9, 10)]:
        waits = [waiting_time(attempt, policy) for _ in range(50)]
        assert longest / 2 <= min(waits) < max(waits) <= longest
