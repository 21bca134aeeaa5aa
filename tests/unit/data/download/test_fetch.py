import errno
import hashlib
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from sed_core.data.download import resumable_http as module
from sed_core.data.download.resumable_http import (
    Download,
    RetryPolicy,
    fetch,
    fetch_all,
    open_partial,
)
from sed_core.runtime.errors import SedError
from tests.servers.flaky import Fault, Flaky

BODY = np.random.default_rng(0).bytes(700_001)
MD5 = f"md5:{hashlib.md5(BODY).hexdigest()}"
CUT = Fault(cut_after=300_000)


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if ".part" in path.name)


def test_broken_connection_is_continued(server: Flaky, tmp_path: Path, quick: RetryPolicy) -> None:
    url = server.add("/a", BODY, etag='"v1"', faults=[CUT, Fault(cut_after=100_000)])
    result = fetch(Download(tmp_path / "a", (url,)), policy=quick)
    assert result.path.read_bytes() == BODY
    assert (result.url, result.size, result.checked) == (url, len(BODY), "nothing")
    ranges = server.requests("/a")
    assert ranges[0] is None
    offsets = [int(wanted[6:-1]) for wanted in ranges[1:] if wanted]
    assert len(offsets) == 2
    assert 200_000 <= offsets[0] <= 300_000 < offsets[1] <= 400_000
    assert leftovers(tmp_path) == []


def test_more_cuts_than_attempts_are_fine_while_there_is_progress(
    server: Flaky, tmp_path: Path, quick: RetryPolicy
) -> None:
    cuts = [Fault(cut_after=80_000) for _ in range(7)]
    url = server.add("/a", BODY, etag='"v1"', faults=cuts)
    assert fetch(Download(tmp_path / "a", (url,)), policy=quick).path.read_bytes() == BODY


@pytest.mark.parametrize(
    ("options", "asks_for_the_rest"),
    [
        ({"ranges": False, "etag": '"v1"'}, True),  # and the server ignores it
        ({}, False),  # nothing to prove that the rest belongs to the beginning
        ({"etag": 'W/"weak"'}, False),
    ],
)
def test_starts_anew_where_resuming_is_not_safe(
    server: Flaky, tmp_path: Path, quick: RetryPolicy, options: dict, asks_for_the_rest: bool
) -> None:
    url = server.add("/a", BODY, faults=[CUT], **options)
    assert fetch(Download(tmp_path / "a", (url,)), policy=quick).path.read_bytes() == BODY
    first, second = server.requests("/a")
    assert first is None
    assert (second is not None) == asks_for_the_rest


def test_a_pinned_checksum_makes_any_beginning_safe(
    server: Flaky, tmp_path: Path, quick: RetryPolicy
) -> None:
    url = server.add("/a", BODY, faults=[CUT])
    result = fetch(Download(tmp_path / "a", (url,), checksum=MD5), policy=quick)
    assert result.path.read_bytes() == BODY
    assert result.checked == "md5"
    assert server.requests("/a")[1] is not None


@pytest.mark.parametrize("validator", ["etag", "modified"])
def test_file_that_changed_meanwhile_starts_anew(
    server: Flaky, tmp_path: Path, quick: RetryPolicy, validator: str
) -> None:
    old, new = {"etag": ('"v1"', '"v2"'), "modified": ("Mon, 01 Jan 2024", "Tue, 02 Jan 2024")}[
        validator
    ]
    once = RetryPolicy(**{**vars(quick), "attempts": 1})
    url = server.add("/a", BODY, faults=[CUT], **{validator: old})
    with pytest.raises(SedError):
        fetch(Download(tmp_path / "a", (url,)), policy=once)
    assert leftovers(tmp_path) == ["a.part", "a.part.json"]
    changed = BODY[::-1]
    server.add("/a", changed, **{validator: new})
    assert fetch(Download(tmp_path / "a", (url,)), policy=quick).path.read_bytes() == changed
    assert leftovers(tmp_path) == []


def test_wrong_beginning_is_found_by_the_checksum_and_downloaded_again(
    server: Flaky, tmp_path: Path, quick: RetryPolicy
) -> None:
    (tmp_path / "a.part").write_bytes(b"x" * 1000)
    url = server.add("/a", BODY)
    result = fetch(Download(tmp_path / "a", (url,), checksum=MD5), policy=quick)
    assert result.path.read_bytes() == BODY
    assert server.requests("/a") == ["bytes=1000-", None]


def test_mirrors_in_order_and_what_each_said(
    server: Flaky, tmp_path: Path, quick: RetryPolicy
) -> None:
    gone = server.url + "/gone"
    broken = server.add("/broken", BODY, always=Fault(status=500))
    short = server.add("/short", BODY[:-5])
    wrong = server.add("/wrong", b"y" + BODY[1:])
    good = server.add("/good", BODY)
    mirrors = (gone, broken, short, wrong)
    wanted = Download(tmp_path / "a", mirrors, size=len(BODY), checksum=MD5)
    with pytest.raises(SedError) as caught:
        fetch(wanted, policy=quick)
    message = str(caught.value)
    for part in (
        f"{gone} answered 404 (Not Found)",
        f"{broken} answered 500 (Internal Server Error), 3 times in a row",
        f"{short} offers 699,996 bytes instead of 700,001",
        f"{wrong} delivered a file that has the md5",
        f"put it at {tmp_path / 'a'} (700,001 bytes, {MD5})",
    ):
        assert part in message
    assert "\n" not in message
    assert list(tmp_path.iterdir()) == []
    result = fetch(Download(tmp_path / "a", (*mirrors, good), len(BODY), MD5), policy=quick)
    assert result.url == good


def test_a_file_cut_short_for_ever_is_never_taken(
    server: Flaky, tmp_path: Path, quick: RetryPolicy
) -> None:
    url = server.add("/a", BODY, ranges=False, always=Fault(cut_after=1000))
    with pytest.raises(SedError, match="broke"):
        fetch(Download(tmp_path / "a", (url,)), policy=quick)
    assert not (tmp_path / "a").exists()


def test_length_that_nobody_announced_is_checked_against_the_record(
    server: Flaky, tmp_path: Path, quick: RetryPolicy
) -> None:
    url = server.add("/a", BODY, length=False, faults=[CUT])
    with pytest.raises(SedError, match="has 300,000 bytes instead of 700,001"):
        fetch(Download(tmp_path / "a", (url,), size=len(BODY)), policy=quick)
    assert fetch(Download(tmp_path / "a", (url,), size=len(BODY)), policy=quick).checked == "size"


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(
    server: Flaky,
    tmp_path: Path,
    quick: RetryPolicy,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(module, "sleep", waits.append)
    busy = Fault(status=status, headers={"Retry-After": "37"})
    url = server.add("/a", BODY, faults=[busy, Fault(status=500)])
    fetch(Download(tmp_path / "a", (url,)), policy=quick)
    assert waits[0] == 37
    assert 0 < waits[1] <= 0.02


def test_a_wait_of_hours_is_told_instead_of_slept(
    server: Flaky, tmp_path: Path, quick: RetryPolicy
) -> None:
    busy = Fault(status=429, headers={"Retry-After": "7200"})
    url = server.add("/a", BODY, always=busy)
    with pytest.raises(SedError, match=r"429 .Too Many Requests. and asks to wait 7200 s"):
        fetch(Download(tmp_path / "a", (url,)), policy=quick)


def test_a_file_put_there_by_hand_is_used_or_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(BODY)
    wanted = Download(tmp_path / "a", ("http://127.0.0.1:9/never",), len(BODY), MD5)
    assert fetch(wanted).url is None
    (tmp_path / "a").write_bytes(b"y" + BODY[1:])
    with pytest.raises(SedError, match=r"has the md5 .* delete it"):
        fetch(wanted)


def test_nobody_listens(tmp_path: Path, quick: RetryPolicy) -> None:
    with pytest.raises(SedError, match=r"broke the connection .*, 3 times in a row"):
        fetch(Download(tmp_path / "a", ("http://127.0.0.1:9/a",)), policy=quick)
    with pytest.raises(SedError, match="is not a usable address"):
        fetch(Download(tmp_path / "a", ("nonsense",)), policy=quick)


def test_disk_space_is_checked_before(
    server: Flaky, tmp_path: Path, quick: RetryPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 9, 600_000))
    url = server.add("/a", BODY)
    with pytest.raises(SedError, match=r"has 600\.0 kB free, but 700\.0 kB are needed"):
        fetch_all([Download(tmp_path / "a", (url,), size=len(BODY))], policy=quick)
    assert server.log == []
    with pytest.raises(SedError, match=r"700\.0 kB are needed"):  # known only from the answer
        fetch_all([Download(tmp_path / "a", (url,))], policy=quick)
    assert list(tmp_path.iterdir()) == []


def test_many_files_some_fail_and_all_are_tried(
    server: Flaky, tmp_path: Path, quick: RetryPolicy
) -> None:
    urls = [server.add(f"/{n}", BODY[n:]) for n in range(8)]
    del server.pages["/3"], server.pages["/5"]
    wanted = [Download(tmp_path / str(n), (url,)) for n, url in enumerate(urls)]
    with pytest.raises(SedError, match=r"^3 could not .* 5 could not "):
        fetch_all(wanted, policy=quick)
    assert sorted(path.name for path in tmp_path.iterdir()) == list("012467")
    server.add("/3", BODY[3:])
    server.add("/5", BODY[5:])
    done = fetch_all(wanted, policy=quick)
    assert [result.path.read_bytes() for result in done] == [BODY[n:] for n in range(8)]
    assert len(server.requests("/0")) == 1


def test_interrupt_keeps_what_is_there(
    server: Flaky, tmp_path: Path, quick: RetryPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [server.add(f"/{n}", BODY, etag='"v"') for n in range(2)]
    wanted = [Download(tmp_path / str(n), (url,)) for n, url in enumerate(urls)]
    write = module.Partial.write

    def interrupted(partial: module.Partial, block: bytes) -> None:
        if partial.size() > 300_000:
            raise KeyboardInterrupt
        write(partial, block)

    with monkeypatch.context() as patched:
        patched.setattr(module.Partial, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fetch_all(wanted, policy=quick)
    assert leftovers(tmp_path) == ["0.part", "0.part.json"]
    assert all(r.path.read_bytes() == BODY for r in fetch_all(wanted, policy=quick))
    assert server.requests("/0")[1] is not None


def test_two_processes_do_not_write_one_file(
    server: Flaky, tmp_path: Path, quick: RetryPolicy
) -> None:
    url = server.add("/a", BODY)
    with (
        open_partial(Download(tmp_path / "a", ())),
        pytest.raises(SedError, match="another process"),
    ):
        fetch(Download(tmp_path / "a", (url,)), policy=quick)


def test_full_disk_is_an_error_of_its_own(
    server: Flaky, tmp_path: Path, quick: RetryPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "a.part")

    monkeypatch.setattr(module.Partial, "write", full)
    with pytest.raises(OSError, match="No space left"):
        fetch(Download(tmp_path / "a", (server.add("/a", BODY),)), policy=quick)
    assert not (tmp_path / "a").exists()


def test_a_web_page_is_no_file_of_which_nothing_is_known(
    server: Flaky, tmp_path: Path, quick: RetryPolicy
) -> None:
    """Google Drive's way to say no. What is checked afterwards may call itself what it likes."""
    url = server.add("/a", BODY, kind="text/html; charset=utf-8")
    with pytest.raises(SedError, match=r"/a answered with a web page; run the same command later"):
        fetch(Download(tmp_path / "a", (url,)), policy=quick)
    assert list(tmp_path.iterdir()) == []
    fetch(Download(tmp_path / "a", (url,), checksum=MD5), policy=quick)
