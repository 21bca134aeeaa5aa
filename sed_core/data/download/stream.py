"""The sound of a video as a file, with yt-dlp."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sed_core.data.audio import ffmpeg_executable
from sed_core.data.download.http import Stopped
from sed_core.data.download.reasons import ClipError, understand


class _Silent:
    """yt-dlp's logger; what matters comes as an exception."""

    def debug(self, message: str) -> None:
        """Ignore."""

    info = warning = error = debug


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

        return {
            "format": "bestaudio/best",
            "outtmpl": "stream.%(ext)s",
            "quiet": True,
            "noprogress": True,
            "no_warnings": True,
            "noplaylist": True,
            "logger": _Silent(),
            "socket_timeout": 20,
            "retries": 3,
            "fixup": "never",
            "ffmpeg_location": ffmpeg_executable(),
            "progress_hooks": [watch],
            **self._options,
        }
