"""The audio of a video: downloaded with yt-dlp, cropped with ffmpeg, or why it cannot be had."""

import logging
import re
import subprocess
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import ffmpeg
import soundfile

from sed_core.data.audio import ffmpeg_executable

REASONS = ("removed", "private", "region", "age", "network", "ffmpeg", "other")
RETRYABLE = frozenset({"network", "ffmpeg", "other"})

SAMPLE_RATE = 44_100  # Hz; what DESED is made of
SHORTEST = 0.1  # s; less than this is no clip
TIMEOUT = 600.0  # s
_PLAIN = {"map_metadata": -1, "fflags": "+bitexact"}  # equal sources give equal bytes

_THROTTLED = r"http error 429|too many requests|rate.?limit|not a bot|unusual traffic"
# Order matters: sites begin many different answers with "Video unavailable".
_PATTERNS = {
    "other": r"requested format",  # the video is there; usually yt-dlp wants an update
    "private": r"private|members.only|join this channel|requires payment|only available to",
    "age": r"confirm your age|age.?restrict|inappropriate for some",
    "region": r"country|geo.?restrict|your location|your region|http error 451",
    "network": r"http error (403|408|5\d\d)|timed? ?out|connection|temporary failure|"
    r"name resolution|incompleteread|more expected|empty file|ssl|try again later|"
    r"network is unreachable|failed to resolve|remote end closed",
    "removed": r"unavailable|not available|no longer|removed|terminated|deleted|copyright|"
    r"does not exist|isn't available|http error 4(04|10)",
}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_NOISE = re.compile(r"^\s*ERROR: |; please report this issue on .*$", re.DOTALL)


class Stopped(Exception):  # noqa: N818
    """Another thread failed or the user pressed Ctrl-C."""


class ClipError(Exception):
    """A clip that could not be made; `reason` is one of `REASONS`."""

    def __init__(self, message: str, reason: str, *, throttled: bool = False):
        super().__init__(message)
        self.reason = reason
        self.throttled = throttled  # the site wants fewer requests
        self.retryable = reason in RETRYABLE  # another run may succeed


def understand(message: str) -> ClipError:
    """Sort an error message of yt-dlp into a reason class."""
    text = " ".join(_NOISE.sub("", _COLOUR.sub("", message)).split())[:300]
    if re.search(_THROTTLED, text, re.IGNORECASE):
        return ClipError(text, "network", throttled=True)
    found = (name for name, words in _PATTERNS.items() if re.search(words, text, re.IGNORECASE))
    return ClipError(text, next(found, "other"))


class Streams:
    """Downloads streams from any number of threads; one yt-dlp each, which remembers the site.

    Args:
        stop: set by another thread to break everything off.
        options: options of `yt_dlp.YoutubeDL` that replace the ones here (cookiefile, proxy, …).
    """

    def __init__(self, *, stop: threading.Event, options: Mapping[str, Any]):
        self._stop, self._options = stop, options
        self._mine = threading.local()
        self._all: list[Any] = []

    def download(self, url: str, folder: Path) -> Path:
        """Download the best audio that `url` offers into `folder`, which is empty.

        Raises:
            ClipError: with the reason class.
            Stopped: broken off.
        """
        import yt_dlp  # type: ignore[import-untyped]  # here: slow to import, rarely needed

        if not hasattr(self._mine, "loader"):
            self._mine.loader = yt_dlp.YoutubeDL(self._settings())
            self._all.append(self._mine.loader)
        loader = self._mine.loader
        loader.params["paths"] = {"home": str(folder)}
        try:
            loader.download([url])
        except yt_dlp.utils.YoutubeDLError as error:
            raise understand(str(error)) from error
        files = [path for path in folder.iterdir() if path.suffix not in (".part", ".ytdl")]
        if len(files) != 1:
            raise ClipError("yt-dlp left no file", "other")
        return files[0]

    def close(self) -> None:
        """Save cookies and close connections."""
        for loader in self._all:
            loader.close()

    def _settings(self) -> dict[str, Any]:
        def watch(_: object) -> None:
            if self._stop.is_set():
                raise Stopped

        quiet = dict.fromkeys(("quiet", "noprogress", "no_warnings"), True)
        return quiet | {
            "format": "bestaudio/best",
            "outtmpl": "stream.%(ext)s",
            "noplaylist": True,
            "logger": logging.Logger("yt-dlp", logging.CRITICAL),  # what matters is raised
            "socket_timeout": 20,
            "retries": 3,
            "fixup": "never",
            "ffmpeg_location": ffmpeg_executable(),
            "progress_hooks": [watch],
            **self._options,
        }


@cache
def resampler() -> str:
    """The better of ffmpeg's two resamplers, where it is compiled in."""
    command = [ffmpeg_executable(), "-hide_banner", "-buildconf"]
    built = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return "soxr" if "--enable-libsoxr" in built else "swr"


def crop(source: Path, target: Path, *, start: float, end: float) -> None:
    """Write seconds [start, end) of `source` to `target` as 44.1 kHz mono 16-bit wav.

    The piece is shorter where the source ends early. Equal sources give equal bytes.

    Raises:
        ClipError: ffmpeg failed, or the source ends before `start`.
    """
    command = (
        # Local files only: a text may pose as a playlist of addresses.
        ffmpeg.input(str(source), protocol_whitelist="file,pipe")
        # Not by seeking (ss=…): that puts AAC in m4a 16 ms off.
        .audio.filter("atrim", start=start, end=end)
        .filter("asetpts", "PTS-STARTPTS")
        .filter("aresample", SAMPLE_RATE, resampler=resampler())
        .output(str(target), format="wav", acodec="pcm_s16le", ac=1, **_PLAIN)
        .global_args("-nostdin", "-hide_banner", "-loglevel", "error")
        .overwrite_output()
        .compile(cmd=ffmpeg_executable())
    )
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired as error:
        raise ClipError(f"ffmpeg took more than {TIMEOUT:.0f} s", "ffmpeg") from error
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise ClipError(f"ffmpeg: {words[-1] if words else done.returncode}", "ffmpeg")
    if soundfile.info(str(target)).duration < SHORTEST:
        raise ClipError(f"the stream ends before {start:g} s", "ffmpeg")
