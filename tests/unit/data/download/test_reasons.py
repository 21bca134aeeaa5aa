import pytest

from sed_core.data.download.video_audio import understand

START = "ERROR: [youtube] 4MILPH5z3no: "
SAID = [
    ("Private video. Sign in if you've been granted access to this video", "private"),
    ("Join this channel to get access to members-only content", "private"),
    ("Sign in to confirm your age. This video may be inappropriate for some users.", "age"),
    ("Video unavailable. This video is not available in your country", "region"),
    ("Video unavailable. The uploader has not made this video available in your country", "region"),
    ("Video unavailable", "removed"),
    ("Video unavailable. This video has been removed by the uploader", "removed"),
    ("This video is no longer available because the YouTube account was terminated", "removed"),
    ("Video unavailable. This video contains content from X, who has blocked it on copyright "
     "grounds", "removed"),
    ("unable to download video data: HTTP Error 403: Forbidden", "network"),
    ("Unable to download API page: <urlopen error [Errno -3] Temporary failure in name resolution>",
     "network"),
    ("Unable to download webpage: The read operation timed out", "network"),
    ("Unable to download webpage: HTTP Error 404: Not Found", "removed"),
    ("Requested format is not available. Use --list-formats", "other"),
    ("Something nobody has seen before", "other"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "reason"), SAID)
def test_messages_of_the_site(message: str, reason: str) -> None:
    error = understand(f"\x1b[0;31mERROR:\x1b[0m {START.removeprefix('ERROR: ')}{message}\n")
    assert error.reason == reason
    assert error.retryable == (reason in ("network", "other"))
    assert not error.throttled
    assert str(error).startswith("[youtube] 4MILPH5z3no: ")
    assert "\x1b" not in str(error)


@pytest.mark.parametrize(
    "message",
    [
        "Sign in to confirm you’re not a bot. Use --cookies-from-browser or --cookies",
        "Video unavailable. This content isn't available, try again later. The current session "
        "has been rate-limited by YouTube for up to an hour.",
        "Unable to download webpage: HTTP Error 429: Too Many Requests",
    ],
)
def test_a_site_that_wants_fewer_requests(message: str) -> None:
    error = understand(START + message)
    assert (error.reason, error.throttled, error.retryable) == ("network", True, True)
