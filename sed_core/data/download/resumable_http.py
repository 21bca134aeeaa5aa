"""Files from the network: polite, resumed, checked, from the first mirror that delivers.

`fetch` writes `<name>.part` and, beside it, what the server said about it. The bytes of a `.part`
are only continued when they are known to be the beginning of the same file: the server proves it
(If-Range with its ETag or Last-Modified), or a pinned checksum will. All that can go wrong at an
address is one of two exceptions: `Retry` (another try may succeed) or `Refused` (it will not).
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import BinaryIO, TypeVar

import requests
import urllib3
from requests import exceptions

from sed_core.data.download.checksum import parse_checksum, problem, require_space
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import lock, write_json
from sed_core.runtime.progress import progress

T = TypeVar("T")
Count = Callable[[int], object]  # told the bytes that were won, or lost where negative

BLOCK = 1 << 16  # bytes; what a broken connection can cost
_AGENT = "sed-core data download (python-requests)"
_USABLE = {200, 206, 416}  # 416: the rest was asked for, and there is none
_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_BAD_ADDRESS = (
    *(exceptions.InvalidSchema, exceptions.InvalidURL, exceptions.MissingSchema),
    exceptions.TooManyRedirects,
)


@dataclass(frozen=True)
class Download:
    """One file: where it goes, its mirrors in order, and what is known about it."""

    target: Path
    urls: tuple[str, ...]
    size: int | None = None
    checksum: str | None = None  # "md5:…", "sha256:…"

    @property
    def unfinished(self) -> Path:
        """Where its bytes are collected."""
        return self.target.with_name(self.target.name + ".part")


@dataclass(frozen=True)
class Fetched:
    """A file that is there; `url` is None when it was before."""

    path: Path
    url: str | None
    size: int
    checked: str  # "md5", "sha256", …, or "size", or "nothing"


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
        """Seconds before the next try."""
        return pause(failures, self.backoff, self.longest_wait)


def pause(failures: int, first: float, longest: float) -> float:
    """Seconds of waiting: doubled with each failure, spread over the upper half."""
    return min(first * 2.0 ** (failures - 1), longest) * random.uniform(0.5, 1.0)


class Retry(Exception):  # noqa: N818 - a request, not an error
    """This try failed, another may not; `after` is the server's own wish in seconds."""

    def __init__(self, message: str, after: float | None = None):
        super().__init__(message)
        self.after = after


class Refused(Exception):  # noqa: N818
    """This address will not give the file, however often it is asked."""


@contextmanager
def get(
    url: str, policy: RetryPolicy, headers: Mapping[str, str] | None = None
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
    action: Callable[[], T], policy: RetryPolicy, *, reached: Callable[[], int] = lambda: 0
) -> T:
    """Call `action` until it returns, at most `policy.attempts` times without any progress.

    `reached` grows while something is achieved (bytes on disk): a slow download over a bad line
    may break off any number of times. Waits double, or are what the server's Retry-After says.

    Raises:
        Refused: no try succeeded, or `action` raised it.
    """
    failures, best = 0, reached()
    while True:
        try:
            return action()
        except Retry as error:
            failures = 1 if reached() > best else failures + 1
            best = max(best, reached())
            if failures >= policy.attempts:
                raise Refused(f"{error}, {failures} times in a row") from error
            if (error.after or 0) > policy.longest_retry_after:
                raise Refused(f"{error} and asks to wait {error.after:.0f} s") from error
            wait = policy.wait(failures) if error.after is None else error.after
        sleep(wait)


class Partial:
    """The unfinished file of one download; made by `open_partial`, which holds its lock."""

    def __init__(self, stream: BinaryIO, count: Count):
        self.path = Path(stream.name)
        self._stream, self._count = stream, count
        self._note = self.path.with_name(self.path.name + ".json")
        count(self.size())

    def size(self) -> int:
        """Bytes that are safely there."""
        self._stream.flush()
        return self.path.stat().st_size

    def note(self) -> dict:
        """What the server said when the file was begun: url, etag, modified, total."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}

    def headers(self, url: str, *, pinned: bool) -> dict[str, str]:
        """Request headers that continue the file, or none where it has to start anew."""
        note, offset = self.note(), self.size()
        etag = note.get("etag") or ""
        # A weak ETag does not promise equal bytes, and RFC 9110 forbids it in If-Range.
        proof = note.get("modified") if not etag or etag.startswith("W/") else etag
        guard = {"If-Range": proof} if proof and note.get("url") == url else {}
        return {"Range": f"bytes={offset}-", **guard} if offset and (pinned or guard) else {}

    def begin(self, url: str, headers: Mapping[str, str], total: int | None) -> None:
        """Start anew, and remember whose bytes come now."""
        self.discard()
        etag, modified = headers.get("ETag"), headers.get("Last-Modified")
        write_json(self._note, {"url": url, "etag": etag, "modified": modified, "total": total})

    def write(self, block: bytes) -> None:
        """Append."""
        self._stream.write(block)
        self._count(len(block))

    def discard(self) -> None:
        """Throw the bytes away, keep the lock."""
        self._count(-self.size())
        self._note.unlink(missing_ok=True)
        self._stream.truncate(0)

    def finish(self) -> None:
        """Put the whole file in its place."""
        self._stream.flush()
        self.path.replace(self.path.with_suffix(""))
        self._note.unlink(missing_ok=True)


@contextmanager
def open_partial(download: Download, count: Count = lambda _: None) -> Iterator[Partial]:
    """Open (or continue) the `.part` of a download, for this process alone.

    Raises:
        SedError: another process is downloading the same file.
    """
    path = download.unfinished
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as stream:
        lock(stream, f"another process is downloading {download.target}")
        partial = Partial(stream, count)
        try:
            yield partial
        finally:
            if path.exists() and not partial.size():
                partial.discard()
                path.unlink()


def fetch(
    download: Download, *, policy: RetryPolicy | None = None, count: Count = lambda _: None
) -> Fetched:
    """Download one file unless it is there; a broken-off download is continued.

    Memory: one block of 64 KiB.

    Raises:
        SedError: no mirror delivered the file, or a file that is there is not the right one.
    """
    target, refusals = download.target, []
    if target.exists():
        if wrong := problem(target, download.size, download.checksum):
            raise SedError(f"{target} {wrong}; delete it and run the same command again.")
        return _fetched(download, None)
    with open_partial(download, count) as partial:
        for url in download.urls:
            try:
                _complete(download, url, partial, policy or RetryPolicy())
            except Refused as error:
                refusals.append(f"{url} {error}")
            else:
                partial.finish()
                return _fetched(download, url)
    facts = [f"{download.size:,} bytes" if download.size else "", download.checksum or ""]
    expected = ", ".join(filter(None, facts))
    raise SedError(
        f"{target.name} could not be downloaded: "
        f"{'; '.join(refusals) or 'no address is configured'}; run the same command later, or "
        f"get the file by other means and put it at {target}{expected and f' ({expected})'}."
    )


def fetch_all(downloads: Sequence[Download], *, policy: RetryPolicy | None = None) -> list[Fetched]:
    """Download several files, one after the other; all are tried before anything is raised.

    Raises:
        SedError: too little disk space, or files that could not be had (all are named).
    """
    for folder in {download.target.parent for download in downloads}:
        require_space(folder, sum(_to_come(d) for d in downloads if d.target.parent == folder))
    sizes = [download.size or 0 for download in downloads]
    name = downloads[0].target.name if len(downloads) == 1 else f"{len(downloads)} files"
    done, errors = [], []
    with progress(total=sum(sizes) if all(sizes) else None, desc=name, unit="B") as bar:
        bar.unit_scale = True
        for download in downloads:
            try:
                done.append(fetch(download, policy=policy, count=bar.update))
            except SedError as error:
                errors.append(str(error))
    if errors:
        raise SedError(" ".join(errors))
    return done


def _complete(download: Download, url: str, partial: Partial, policy: RetryPolicy) -> None:
    """Complete and check the file from one mirror; once more from the start if resumed."""
    resumed = True
    while resumed:
        resumed = partial.size() > 0
        persist(lambda: _receive(download, url, partial, policy), policy, reached=partial.size)
        wrong = problem(partial.path, download.size, download.checksum)
        if wrong is None:
            return
        partial.discard()
    raise Refused(f"delivered a file that {wrong}")


def _receive(download: Download, url: str, partial: Partial, policy: RetryPolicy) -> None:
    offset = partial.size()
    if offset and offset == (download.size or partial.note().get("total")):
        return
    with get(url, policy, partial.headers(url, pinned=bool(download.checksum))) as response:
        place, whole = response.headers.get("Content-Range", ""), response.status_code == 200
        if not whole and not place.startswith(f"bytes {offset}-"):
            partial.discard()
            raise Retry("refused to continue where the file broke off")
        length = response.headers.get("Content-Length", "")
        text = length if whole else place.rpartition("/")[2]
        total = int(text) if text.isdigit() else None
        if download.size and total and total != download.size:
            raise Refused(f"offers {total:,} bytes instead of {download.size:,}")
        page = response.headers.get("Content-Type", "").startswith("text/html")
        if page and not (download.size or download.checksum):
            # Google Drive's answer where it does not give the file; else nothing would tell.
            raise Refused("answered with a web page")
        if whole:
            partial.begin(url, response.headers, total)
        require_space(download.target.parent, (total or 0) - partial.size())
        for block in response.raw.stream(BLOCK, decode_content=False):
            partial.write(block)
    if total is not None and partial.size() != total:
        raise Retry(f"broke off after {partial.size():,} of {total:,} bytes")


def _fetched(download: Download, url: str | None) -> Fetched:
    known = "size" if download.size is not None else "nothing"
    checked = parse_checksum(download.checksum)[0] if download.checksum else known
    return Fetched(download.target, url, download.target.stat().st_size, checked)


def _to_come(download: Download) -> int:
    """Bytes that are still missing, as far as the size is known."""
    if not download.size or download.target.exists():
        return 0
    part = download.unfinished
    return max(0, download.size - (part.stat().st_size if part.exists() else 0))
