"""Why a clip cannot be had, read from what yt-dlp says."""

import re

REASONS = ("removed", "private", "region", "age", "network", "ffmpeg", "other")
RETRYABLE = frozenset({"network", "ffmpeg", "other"})

# Order matters: sites begin many different answers with "Video unavailable".
_THROTTLED = re.compile(
    r"http error 429|too many requests|rate.?limit|not a bot|unusual traffic", re.IGNORECASE
)
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
_COMPILED = {name: re.compile(words, re.IGNORECASE) for name, words in _PATTERNS.items()}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_NOISE = re.compile(r"^ERROR: |; please report this issue on .*$", re.DOTALL)


class ClipError(Exception):
    """A clip that could not be made; `reason` is one of `REASONS`."""

    def __init__(self, message: str, reason: str, *, throttled: bool = False):
        super().__init__(message)
        self.reason = reason
        self.throttled = throttled  # the site wants fewer requests

    @property
    def retryable(self) -> bool:
        """Whether another run may succeed."""
        return self.reason in RETRYABLE


def understand(message: str) -> ClipError:
    """Sort an error message of yt-dlp into a reason class."""
    text = " ".join(_NOISE.sub("", _COLOUR.sub("", message).strip()).split())[:300]
    if _THROTTLED.search(text):
        return ClipError(text, "network", throttled=True)
    found = (name for name, pattern in _COMPILED.items() if pattern.search(text))
    return ClipError(text, next(found, "other"))
