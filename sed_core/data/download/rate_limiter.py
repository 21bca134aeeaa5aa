"""How fast many clips may be asked for: evenly, and slower when the site complains."""

import random
import threading
import time
from dataclasses import dataclass

from sed_core.data.download.retry import Stopped


@dataclass(kw_only=True)
class RateLimiter:
    """Shared by all workers of one download; times in seconds."""

    interval: float  # least time between two requests
    backoff: float  # silence after the first complaint; doubled with each that follows
    longest: float  # silence
    give_up: int  # complaints, or clips lost to a dead network, in a row, after which to despair
    stop: threading.Event  # set from outside to end all waiting

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._next = self._last_complaint = 0.0
        self._complaints = self._lost = 0

    @property
    def hopeless(self) -> bool:
        """Whether the site or the network has refused everything for long."""
        return max(self._complaints, self._lost) >= self.give_up

    def wait(self) -> float:
        """Sleep until it is this worker's turn; returns the time at which it began.

        Raises:
            Stopped: the download ends.
        """
        while True:
            with self._lock:
                now = time.monotonic()
                if now >= self._next:
                    self._next = now + self.interval
                    return now
                wait = self._next - now
            if self.stop.wait(wait):
                raise Stopped

    def complaint(self, begun: float) -> None:
        """The site answered "too many requests" to a request made at `begun`."""
        with self._lock:
            if begun < self._last_complaint:
                return  # one complaint to several workers is one complaint
            self._last_complaint = now = time.monotonic()
            silence = min(self.backoff * 2.0**self._complaints, self.longest)
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
