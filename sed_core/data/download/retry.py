"""One HTTP GET that is polite and does not give up easily.

`get` turns everything that can go wrong into one of two exceptions: `Retry` (worth another try
at the same address) and `Refused` (it is not). `persist` waits between tries: exponential backoff
with jitter, or as long as the server's Retry-After says.
"""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import requests
import urllib3
from requests import exceptions

T = TypeVar("T")

_USABLE = {200, 206, 416}  # 416: the caller asked for a range beyond the end
_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_BAD_ADDRESS = (
    *(exceptions.InvalidSchema, exceptions.InvalidURL, exceptions.MissingSchema),
    exceptions.TooManyRedirects,
)
_AGENT = "sed-core data download (python-requests)"


@dataclass(frozen=True)
class RetryPolicy:
    """How patient a download is; all times in seconds."""

    attempts: int = 6
    connect_timeout: float = 15.0
    read_timeout: float = 30.0
    backoff: float = 1.0
    longest_wait: float = 60.0
    longest_retry_after: float = 900.0

    def wait(self, failures: int) -> float:
        """Seconds before the next try: doubled with each failure, spread over the upper half."""
        longest = min(self.backoff * 2.0 ** (failures - 1), self.longest_wait)
        return longest * random.uniform(0.5, 1.0)


class Retry(Exception):  # noqa: N818 - a request, not an error
    """This try failed, another may not; `after` is the server's own wish in seconds."""

    def __init__(self, message: str, after: float | None = None):
        super().__init__(message)
        self.after = after


class Refused(Exception):  # noqa: N818
    """This address will not give the file, however often it is asked."""


class Stopped(Exception):  # noqa: N818
    """Another thread failed or the user pressed Ctrl-C."""


class Stop(threading.Event):
    """Ends transfers in other threads, also those that wait for a silent server."""

    def __init__(self) -> None:
        super().__init__()
        self._reading: set[urllib3.BaseHTTPResponse] = set()

    def set(self) -> None:
        """Stop everything."""
        super().set()
        for response in list(self._reading):
            response.shutdown()

    @contextmanager
    def reads(self, response: urllib3.BaseHTTPResponse) -> Iterator[None]:
        """While in the block, `set` wakes the thread that reads `response`."""
        self._reading.add(response)
        if self.is_set():
            response.shutdown()
        try:
            yield
        finally:
            self._reading.discard(response)


@contextmanager
def get(
    url: str, policy: RetryPolicy, headers: dict[str, str] | None = None
) -> Iterator[requests.Response]:
    """Open `url` for streaming.

    Raises:
        Retry: server trouble, a timeout or a broken connection, also while the body is read.
        Refused: an address that is wrong, gone or forbidden.
    """
    wishes = {"User-Agent": _AGENT, "Accept-Encoding": "identity", **(headers or {})}
    timeout = (policy.connect_timeout, policy.read_timeout)
    try:
        with requests.get(url, headers=wishes, stream=True, timeout=timeout) as response:
            if response.status_code not in _USABLE:
                answer = f"answered {response.status_code} ({response.reason})"
                if response.status_code in _TRY_AGAIN:
                    raise Retry(answer, retry_after(response.headers.get("Retry-After")))
                raise Refused(answer)
            yield response
    except _BAD_ADDRESS as error:
        raise Refused(f"is not a usable address ({error})") from error
    except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise Retry("did not answer in time") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise Retry(f"broke the connection ({type(error).__name__})") from error


def retry_after(header: str | None) -> float | None:
    """Seconds to wait according to a Retry-After header (seconds or an HTTP date, RFC 9110)."""
    try:
        return urllib3.Retry().parse_retry_after(header) if header else None
    except (urllib3.exceptions.InvalidHeader, ValueError):
        return None


def persist(
    action: Callable[[], T],
    policy: RetryPolicy,
    *,
    progress: Callable[[], int] = lambda: 0,
    stop: Stop | None = None,
) -> T:
    """Call `action` until it returns, at most `policy.attempts` times without any progress.

    `progress` returns a number that grows while something is achieved (bytes on disk): a slow
    download over a bad line may break off any number of times.

    Raises:
        Refused: no try succeeded, or `action` raised it.
        Stopped: `stop` was set while waiting.
    """
    stop = stop or Stop()
    failures, reached = 0, progress()
    while True:
        try:
            return action()
        except Retry as error:
            failures = 1 if progress() > reached else failures + 1
            reached = max(reached, progress())
            if failures >= policy.attempts:
                raise Refused(f"{error}, {failures} times in a row") from error
            if (error.after or 0) > policy.longest_retry_after:
                raise Refused(f"{error} and asks to wait {error.after:.0f} s") from error
            wait = policy.wait(failures) if error.after is None else error.after
        if stop.wait(wait):
            raise Stopped
