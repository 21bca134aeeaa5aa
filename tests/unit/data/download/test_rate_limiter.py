import threading
import time
from itertools import pairwise

import pytest

from sed_core.data.download.clips import DownloadPolicy, RateLimiter
from sed_core.data.download.video_audio import Stopped


def limiter(stop: threading.Event, **changes: float) -> RateLimiter:
    base = {"interval": 0.0, "backoff": 10.0, "longest_wait": 30.0, "give_up": 3}
    return RateLimiter(DownloadPolicy(**{**base, **changes}), stop)  # type: ignore[arg-type]


def test_requests_are_spaced() -> None:
    steady = limiter(threading.Event(), interval=0.01)
    turns = [steady.wait() for _ in range(4)]
    assert min(b - a for a, b in pairwise(turns)) >= 0.01


def test_complaint_silences_everybody_and_stop_wakes_them() -> None:
    stop = threading.Event()
    silent = limiter(stop)
    silent.complaint(silent.wait())
    stop.set()
    with pytest.raises(Stopped):
        silent.wait()


def test_parallel_complaints_count_once_and_an_answer_forgives() -> None:
    silent = limiter(threading.Event(), backoff=0.0)
    begun = silent.wait()
    for _ in range(5):
        silent.complaint(begun)
    assert not silent.hopeless
    for _ in range(2):
        time.sleep(0.001)
        silent.complaint(silent.wait())
    assert silent.hopeless
    silent.answered()
    assert not silent.hopeless
    for _ in range(3):
        silent.lost()
    assert silent.hopeless
