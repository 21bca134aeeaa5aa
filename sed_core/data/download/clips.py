"""AudioSet clips from their videos: what is missing, as much of it as can be had, and why not.

The failure log survives kills, and tells the next run what to skip.
"""

import re
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from sed_core.data.audio import SUFFIXES
from sed_core.data.download.rate_limiter import YOUTUBE, DownloadPolicy, RateLimiter
from sed_core.data.download.retry import Stopped
from sed_core.data.download.video_audio import REASONS, RETRYABLE, ClipError, Streams, crop
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import lock, write_text
from sed_core.runtime.progress import progress

NOT_TRIED = ("not tried yet", "network")
_NAME = re.compile(r"Y?(?P<id>[\w-]{11})_(?P<start>\d+(\.\d+)?)_(?P<end>\d+(\.\d+)?)\.(wav|flac)")


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
                    error = task.result()
                    if error is not None and self.limiter.hopeless:
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
