"""Files from the network: polite, resumed, checked, from the first mirror that delivers.

`fetch` writes `<name>.part` and, beside it, what the server said about it. The bytes of a `.part`
are only continued when they are known to be the beginning of the same file: the server proves it
(If-Range with its ETag or Last-Modified), or a pinned checksum will.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sed_core.data.download.checksum import parse_checksum, problem, require_space
from sed_core.data.download.retry import Refused, Retry, RetryPolicy, Stop, Stopped, get, persist
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import lock, write_json
from sed_core.runtime.progress import progress

BLOCK = 1 << 16  # bytes; what a broken connection can cost


@dataclass(frozen=True)
class Download:
    """One file: where it goes, its mirrors in order, and what is known about it."""

    target: Path
    urls: tuple[str, ...]
    size: int | None = None
    checksum: str | None = None  # "md5:…", "sha256:…"


@dataclass(frozen=True)
class Fetched:
    """A file that is there; `url` is None when it was before."""

    path: Path
    url: str | None
    size: int
    checked: str  # "md5", "sha256", …, or "size", or "nothing"


class Partial:
    """The unfinished file of one target; made by `open_partial`, which holds its lock."""

    def __init__(self, stream: BinaryIO, count: Callable[[int], object]):
        self.path = Path(stream.name)
        self._stream = stream
        self._count = count  # told the bytes won, or lost where it is negative
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
def open_partial(
    target: Path, count: Callable[[int], object] = lambda _: None
) -> Iterator[Partial]:
    """Open (or continue) the `.part` of `target`, for this process alone.

    Raises:
        SedError: another process is downloading the same file.
    """
    path = _unfinished(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as stream:
        lock(stream, f"another process is downloading {target}")
        partial = Partial(stream, count)
        try:
            yield partial
        finally:
            if path.exists() and not partial.size():
                partial.discard()
                path.unlink()


def fetch(
    download: Download,
    *,
    policy: RetryPolicy | None = None,
    stop: Stop | None = None,
    count: Callable[[int], object] = lambda _: None,
) -> Fetched:
    """Download one file unless it is there; a broken-off download is continued.

    Memory: one block of 64 KiB.

    Args:
        download: the file.
        policy: patience.
        stop: set by another thread to end the transfer; the `.part` stays.
        count: told the bytes as they come.

    Raises:
        SedError: no mirror delivered the file, or a file that is there is not the right one.
    """
    target = download.target
    if target.exists():
        if wrong := problem(target, download.size, download.checksum):
            raise SedError(f"{target} {wrong}; delete it and run the same command again.")
        return _fetched(download, None)
    failures = []
    with open_partial(target, count) as partial:
        for url in download.urls:
            try:
                _complete(download, url, partial, policy or RetryPolicy(), stop or Stop())
            except Refused as error:
                failures.append(f"{url} {error}")
                continue
            partial.finish()
            return _fetched(download, url)
    facts = [f"{download.size:,} bytes" if download.size else "", download.checksum or ""]
    expected = ", ".join(filter(None, facts))
    raise SedError(
        f"{target.name} could not be downloaded: "
        f"{'; '.join(failures) or 'no address is configured'}; run the same command later, or "
        f"get the file by other means and put it at {target}{expected and f' ({expected})'}."
    )


def fetch_all(
    downloads: Sequence[Download], *, jobs: int = 3, policy: RetryPolicy | None = None
) -> list[Fetched]:
    """Download several files, `jobs` at a time; every file is tried before anything is raised.

    Raises:
        SedError: too little disk space, or files that could not be had (all are named).
    """
    _require_space(downloads)
    sizes = [download.size or 0 for download in downloads]
    name = downloads[0].target.name if len(downloads) == 1 else f"{len(downloads)} files"
    stop = Stop()
    with (
        progress(total=sum(sizes) if all(sizes) else None, desc=name, unit="B") as bar,
        ThreadPoolExecutor(max(1, jobs)) as pool,
    ):
        bar.unit_scale = True
        tasks = [
            pool.submit(fetch, download, policy=policy, stop=stop, count=bar.update)
            for download in downloads
        ]
        try:
            for task in as_completed(tasks):
                if (error := task.exception()) and not isinstance(error, SedError):
                    raise error
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if errors := [str(error) for task in tasks if (error := task.exception())]:
        raise SedError(" ".join(errors))
    return [task.result() for task in tasks]


def _complete(
    download: Download, url: str, partial: Partial, policy: RetryPolicy, stop: Stop
) -> None:
    """Complete and check the file from one mirror; once more from the start if resumed."""
    resumed = True
    while resumed:
        resumed = partial.size() > 0
        persist(
            lambda: _receive(download, url, partial, policy, stop),
            policy,
            progress=partial.size,
            stop=stop,
        )
        wrong = problem(partial.path, download.size, download.checksum)
        if wrong is None:
            return
        partial.discard()
    raise Refused(f"delivered a file that {wrong}")


def _receive(
    download: Download, url: str, partial: Partial, policy: RetryPolicy, stop: Stop
) -> None:
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
        if whole:
            partial.begin(url, response.headers, total)
        require_space(download.target.parent, (total or 0) - partial.size())
        with stop.reads(response.raw):
            for block in response.raw.stream(BLOCK, decode_content=False):
                if stop.is_set():
                    raise Stopped
                partial.write(block)
    if total is not None and partial.size() != total:
        raise Retry(f"broke off after {partial.size():,} of {total:,} bytes")


def _unfinished(target: Path) -> Path:
    return target.with_name(target.name + ".part")


def _fetched(download: Download, url: str | None) -> Fetched:
    known = "size" if download.size is not None else "nothing"
    checked = parse_checksum(download.checksum)[0] if download.checksum else known
    return Fetched(download.target, url, download.target.stat().st_size, checked)


def _require_space(downloads: Sequence[Download]) -> None:
    """Sum what is still to come per folder, as far as sizes are known."""
    needed: Counter[Path] = Counter()
    for download in downloads:
        if download.size and not download.target.exists():
            part = _unfinished(download.target)
            there = part.stat().st_size if part.exists() else 0
            needed[part.parent] += max(0, download.size - there)
    for folder, size in needed.items():
        require_space(folder, size)
