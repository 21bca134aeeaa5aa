"""How fast many clips may be asked for: evenly, and slower when the site complains."""

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sed_core.data.download.retry import Stopped

YOUTUBE = "https://www.youtube.com/watch?v={id}"


@dataclass(frozen=True)
class DownloadPolicy:
    """How clips are asked for; times in seconds."""

    urls: tuple[str, ...] = (YOUTUBE,)  # templates with {id}, tried in order
    jobs: int = 3
    attempts: int = 3  # per clip and run, where the network fails
    interval: float = 1.0  # between two requests
    backoff: float = 30.0  # silence after "too many requests", doubled each time
    longest_wait: float = 300.0
    give_up: int = 12  # refusals or lost clips in a row, after which the rest is not tried
    options: Mapping[str, Any] = field(default_factory=dict)  # for yt-dlp


class RateLimiter:
    """Shared by all workers of one download; `stop` is set from outside to end all waiting."""

    def __init__(self, policy: DownloadPolicy, stop: threading.Event) -> None:
        self._policy, self._stop = policy, stop
        self._lock = threading.Lock()
        self._next = self._last_complaint = 0.0
        self._complaints = self._lost = 0

    @property
    def hopeless(self) -> bool:
        """Whether the site or the network has refused everything for long."""
        return max(self._complaints, self._lost) >= self._policy.give_up

    def wait(self) -> float:
        """Sleep until it is this worker's turn; returns the time at which it began.

        Raises:
            Stopped: the download ends.
        """
        while True:
            with self._lock:
                now = time.monotonic()
                if now >= self._next:
                    self._next = now + self._policy.interval
                    return now
                wait = self._next - now
            if self._stop.wait(wait):
                raise Stopped

    def complaint(self, begun: float) -> None:
        """The site answered "too many requests" to a request made at `begun`."""
        with self._lock:
            if begun < self._last_complaint:
                return  # one complaint to several workers is one complaint
            self._last_complaint = now = time.monotonic()
            silence = min(self._policy.backoff * 2.0**self._complaints, self._policy.longest_wait)
            self._complaints += 1
            self._next = max(self._next, now + silence * random.uniform(0.5, 1.0))

    def lost(self) -> None:
        """A clip failed because of the network."""
        with self._lock:
            self._lost += 1

    def answered(self) -> None:
        """The site gave a clip, or a reason why there is none."""
        with self._lock:
            self._complaints = self._lost = 0
