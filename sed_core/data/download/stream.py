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


def download_stream(
    url: str, folder: Path, *, stop: threading.Event, options: Mapping[str, Any]
) -> Path:
    """Download the best audio that `url` offers into `folder`.

    Args:
        url: page or file address, anything yt-dlp knows.
        folder: an empty folder.
        stop: set by another thread to break off.
        options: options of `yt_dlp.YoutubeDL` that replace the ones here (cookiefile, proxy, …).

    Raises:
        ClipError: with the reason class.
        Stopped: broken off.
    """
    import yt_dlp  # type: ignore[import-untyped]  # here: slow to import, rarely needed

    def watch(_: object) -> None:
        if stop.is_set():
            raise Stopped

    settings = {
        "format": "bestaudio/best",
        "outtmpl": str(folder / "stream.%(ext)s"),
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
        **options,
    }
    try:
        with yt_dlp.YoutubeDL(settings) as loader:
            loader.download([url])
    except yt_dlp.utils.YoutubeDLError as error:
        raise understand(str(error)) from error
    files = [path for path in folder.iterdir() if path.suffix not in (".part", ".ytdl")]
    if len(files) != 1:
        raise ClipError("yt-dlp left no file", "other")
    return files[0]
