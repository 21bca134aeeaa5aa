"""AudioSet clips from their videos: what is missing, as much of it as can be had, and why not.

The failure log survives kills, and tells the next run what to skip.
"""

import re
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from sed_core.data.audio import SUFFIXES
from sed_core.data.download.remotes import checked_keys, read_section
from sed_core.data.download.resumable_http import pause
from sed_core.data.download.video_audio import (
    REASONS,
    RETRYABLE,
    ClipError,
    Stopped,
    Streams,
    crop,
)
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import lock, write_text
from sed_core.runtime.progress import progress

YOUTUBE = "https://www.youtube.com/watch?v={id}"
NOT_TRIED = ("not tried yet", "network")
_NAME = re.compile(r"Y?(?P<id>[\w-]{11})_(?P<start>\d+(\.\d+)?)_(?P<end>\d+(\.\d+)?)\.(wav|flac)")


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


def read_download_policy(
    sources: str | Path | None = None, *, jobs: int | None = None
) -> DownloadPolicy:
    """How clips are asked for: section `clips` of the sources file over the defaults.

    Raises:
        SedError: an unknown key.
    """
    keys = checked_keys(read_section(sources, "clips"), DownloadPolicy, f"{sources}: clips")
    return DownloadPolicy(**{**keys, **({"jobs": jobs} if jobs else {})})


class RateLimiter:
    """How fast clips may be asked for: evenly, and slower when the site complains.

    Shared by all workers of one download; `stop` is set from outside to end all waiting.
    """

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
            self._complaints += 1
            silence = pause(self._complaints, self._policy.backoff, self._policy.longest_wait)
            self._next = max(self._next, now + silence)

    def lost(self) -> None:
        """A clip failed because of the network."""
        with self._lock:
            self._lost += 1

    def answered(self) -> None:
        """The site gave a clip, or a reason why there is none."""
        with self._lock:
            self._complaints = self._lost = 0


@dataclass(frozen=True)
class FailureLog:
    """An open failure log; one line a failure, `filename <tab> error <tab> reason`."""

    failures: dict[str, tuple[str, str]]  # filename -> (error, reason), the latest
    stream: TextIO

    def add(self, filename: str, error: str, reason: str) -> None:
        """Note a failure at once."""
        text = " ".join(error.split())
        self.failures[filename] = (text, reason)
        self.stream.write(f"{filename}\t{text}\t{reason}\n")
        self.stream.flush()

    def settled(self, filename: str) -> bool:
        """Whether an earlier run learned that this clip is not to be had."""
        return filename in self.failures and self.failures[filename][1] not in RETRYABLE

    def table(self, filenames: Sequence[str]) -> str:
        """The report as text: filename and error as in the reference, and the reason class."""
        rows = [(name, *self.failures.get(name, NOT_TRIED)) for name in filenames]
        return "".join("\t".join(row) + "\n" for row in [("filename", "error", "reason"), *rows])


@contextmanager
def open_failure_log(path: Path) -> Iterator[FailureLog]:
    """Read and continue a failure log, for this process alone.

    Raises:
        SedError: another process has it open.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as stream:
        lock(stream, f"another process is downloading the clips of {path}")
        stream.seek(0)
        text = stream.read()
        if text and not text.endswith("\n"):
            stream.write("\n")  # a kill tore the last line; it is not counted
        lines = [line.split("\t") for line in text.split("\n")]
        whole = [line for line in lines if len(line) == 3 and line[2] in REASONS]
        yield FailureLog({name: (error, reason) for name, error, reason in whole}, stream)


@dataclass(frozen=True)
class Clip:
    """Seconds [start, end) of the video `id`."""

    filename: str
    id: str
    start: float
    end: float


@dataclass(frozen=True)
class Outcome:
    """How many clips of the list are there, how many came now, why the others are not."""

    expected: int
    present: int
    fetched: int
    reasons: dict[str, int]


def parse_clip(filename: str) -> Clip:
    """Read a clip's name: `Y<11-character id>_<start>_<end>.wav`; eval sets leave out the Y.

    Raises:
        SedError: another form.
    """
    match = _NAME.fullmatch(filename)
    if not match or float(match["end"]) <= float(match["start"]):
        raise SedError(
            f"{filename!r} is no name of an AudioSet clip; expected Y<video id>_<start>_<end>.wav "
            "with times in seconds, so correct the list."
        )
    return Clip(filename, match["id"], float(match["start"]), float(match["end"]))


def download_clips(
    filenames: Sequence[str],
    folder: str | Path,
    *,
    report: str | Path,
    failure_log: str | Path,
    policy: DownloadPolicy | None = None,
    retry_all: bool = False,
) -> Outcome:
    """Make the clips that are not in `folder` yet, several at a time.

    A clip appears whole or not at all. Clips that an earlier run found removed, private, blocked
    or for adults are not asked for again. The report is written in any case, also on Ctrl-C.

    Args:
        filenames: names of all clips of the split.
        folder: where they go; clips put there by hand count, also as flac.
        report: TSV of the clips that are missing afterwards: filename, error, reason.
        failure_log: TSV that collects the failures of all runs.
        policy: addresses, parallelism and politeness.
        retry_all: ask again for everything that is missing.

    Raises:
        SedError: a malformed name or address; the site or the network refused `policy.give_up`
            times in a row.
    """
    folder, policy = Path(folder), policy or DownloadPolicy()
    clips = [parse_clip(name) for name in dict.fromkeys(filenames)]
    folder.mkdir(parents=True, exist_ok=True)
    absent = _absent(clips, folder)
    with open_failure_log(Path(failure_log)) as log:
        wanted = [clip for clip in absent if retry_all or not log.settled(clip.filename)]
        wanted.sort(key=lambda clip: clip.filename in log.failures)  # the untried ones first
        refusal = None
        try:
            refusal = _Run(folder, policy, log).download(wanted)
        finally:
            missing = [clip.filename for clip in _absent(absent, folder)]
            write_text(report, log.table(missing))
        untried = [name for name in missing if name not in log.failures]
        if refusal and untried:
            raise SedError(
                f"{policy.give_up} clips in a row were refused ({refusal}) and {len(untried):,} "
                f"of {len(clips):,} are still to be tried; run the same command later, or give "
                "cookies (see docs/getting-desed.md)."
            )
        reasons = Counter(log.failures.get(name, NOT_TRIED)[1] for name in missing)
    fetched = len(absent) - len(missing)
    return Outcome(len(clips), len(clips) - len(missing), fetched, dict(sorted(reasons.items())))


def _absent(clips: list[Clip], folder: Path) -> list[Clip]:
    """Clips without an audio file; empty files do not count."""
    there = {
        path.stem
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and path.is_file() and path.stat().st_size
    }
    return [clip for clip in clips if Path(clip.filename).stem not in there]


class _Run:
    """One pass over the clips that are wanted."""

    def __init__(self, folder: Path, policy: DownloadPolicy, failure_log: FailureLog):
        self.folder, self.policy, self.failure_log = folder, policy, failure_log
        self.work = folder / ".part"  # hidden, and on the same disk
        self.writing = threading.Lock()
        self.stop = threading.Event()
        self.streams = Streams(stop=self.stop, options=policy.options)
        self.limiter = RateLimiter(policy, self.stop)

    def download(self, clips: list[Clip]) -> str | None:
        """Make the clips; failures go to the failure log.

        Returns:
            The last refusal, where so many came in a row that the rest was not tried.
        """
        shutil.rmtree(self.work, ignore_errors=True)
        with (
            progress(total=len(clips), desc=self.folder.name, unit="clip") as bar,
            ThreadPoolExecutor(self.policy.jobs) as pool,
        ):
            tasks = [pool.submit(self._make, clip) for clip in clips]
            try:
                for task in as_completed(tasks):
                    bar.update()
                    if (error := task.result()) is not None and self.limiter.hopeless:
                        return str(error)
            finally:
                self.stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                self.streams.close()
                shutil.rmtree(self.work, ignore_errors=True)
        return None

    def _make(self, clip: Clip) -> ClipError | None:
        """Try a clip until it is there or will not come in this run; note why not."""
        failures = 0
        while True:
            begun = self.limiter.wait()
            error = self._try(clip)
            if error is None or not error.retryable:
                self.limiter.answered()
                break
            if error.throttled:
                self.limiter.complaint(begun)
            else:
                failures += 1
            if self.limiter.hopeless or failures >= self.policy.attempts:
                if error.reason == "network":
                    self.limiter.lost()
                break
        if error is not None:
            with self.writing:
                self.failure_log.add(clip.filename, str(error), error.reason)
        return error

    def _try(self, clip: Clip) -> ClipError | None:
        """Ask every address once; the error that leaves hope counts."""
        errors = []
        self.work.mkdir(parents=True, exist_ok=True)
        for template in self.policy.urls:
            with tempfile.TemporaryDirectory(dir=self.work) as place:
                try:
                    stream = self.streams.download(_address(template, clip), Path(place))
                    if self.stop.is_set():
                        raise Stopped
                    wav = (Path(place) / clip.filename).with_suffix(".wav")
                    crop(stream, wav, start=clip.start, end=clip.end)
                except ClipError as error:
                    errors.append(error)
                else:
                    wav.replace(self.folder / wav.name)
                    return None
        return next((error for error in errors if error.retryable), errors[0])


def _address(template: str, clip: Clip) -> str:
    try:
        return template.format(id=clip.id, filename=clip.filename)
    except (KeyError, IndexError, ValueError) as error:
        raise SedError(
            f"address {template!r} is not understood; expected a template with {{id}}, "
            f"such as {YOUTUBE}."
        ) from error
