"""One remote: from its record (Zenodo and other InvenioRDM sites) to files in their place."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from sed_core.data.adopt import link_synth
from sed_core.data.download.archive import unpack
from sed_core.data.download.remotes import Remote
from sed_core.data.download.resumable_http import (
    Download,
    Fetched,
    Refused,
    RetryPolicy,
    fetch_all,
    get,
    persist,
)
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import human_size

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")


@dataclass(frozen=True)
class Obtained:
    """What is there now: the files, how many members were unpacked, and what to know about it."""

    files: list[Fetched]
    members: int
    notes: list[str]


def obtain(
    remote: Remote,
    root: str | Path,
    downloads: str | Path,
    *,
    policy: RetryPolicy | None = None,
    at_most: int | None = None,
) -> Obtained:
    """Download a remote and, if it is an archive, unpack it and make its links.

    A record that does not answer is no obstacle where an address is configured.

    Args:
        remote: kind "file" or "archive"; clips have `download_clips`.
        root: the data root, to which its target is relative.
        downloads: folder that keeps the archives; they may be deleted afterwards.
        policy: patience.
        at_most: bytes that may be downloaded.

    Raises:
        SedError: what failed and what to do by hand; more to download than `at_most`, or nobody
            knows how much.
    """
    place, keep = Path(root) / remote.target, Path(downloads) / remote.name
    record: dict[str, Download] = {}
    notes = []
    if remote.record:
        try:
            record = read_record(remote.record, policy=policy)
        except SedError as error:
            if not remote.urls:
                raise
            notes.append(f"going on without the published size and checksum: {error}")
    wanted = _downloads(remote, record, place, keep)
    if at_most is not None:
        _refuse_more(wanted, at_most)
    files = fetch_all(wanted, policy=policy)
    notes += [
        f"{file.path} could not be checked: no size or checksum is known for it"
        for file in files
        if file.checked == "nothing"
    ]
    archives = [file.path for file in files if file.path.parent == keep]
    unpacked = [unpack(archive, place, roots=remote.roots) for archive in archives]
    if remote.links:
        link_synth(root)
    return Obtained(files, sum(done.written + done.kept for done in unpacked), notes)


def _refuse_more(downloads: list[Download], at_most: int) -> None:
    absent = [download for download in downloads if not download.target.exists()]
    size = sum(download.size or 0 for download in absent)
    if size > at_most or not all(download.size for download in absent):
        names = ", ".join(download.target.name for download in absent)
        known = f"has {human_size(size)}" if size else "has a size that its record does not tell"
        raise SedError(
            f"{names} {known}, and at most {human_size(at_most)} were to be downloaded; "
            "allow more if you want it."
        )


def _downloads(
    remote: Remote, record: dict[str, Download], place: Path, keep: Path
) -> list[Download]:
    """What is fetched from where: archives into `keep`, all else to its place."""
    archive = remote.kind == "archive"
    if record and remote.key is None:
        folders = {key: keep if archive and key.endswith(ARCHIVES) else place for key in record}
        return [replace(file, target=folders[key] / key) for key, file in record.items()]
    if record and remote.key not in record:
        raise SedError(
            f"{remote.record} has no file {remote.key!r}; it has {', '.join(sorted(record))}, so "
            f"correct the key of remote {remote.name} in the sources."
        )
    file = record.get(remote.key or "", Download(Path(), ()))
    urls = (*remote.urls, *file.urls)
    published = unquote(Path(urlsplit(urls[0]).path).name) if urls else ""
    name = remote.key or published or remote.name
    size, checksum = remote.size or file.size, remote.checksum or file.checksum
    return [Download(keep / name if archive else place, urls, size, checksum)]


def read_record(api: str, *, policy: RetryPolicy | None = None) -> dict[str, Download]:
    """Ask a record's API for names, addresses, sizes and checksums of its files.

    Raises:
        SedError: no usable answer.
    """
    policy = policy or RetryPolicy()

    def ask() -> bytes:
        with get(api, policy, {"Accept": "application/json"}) as response:
            return response.content

    try:
        files = parse_record(json.loads(persist(ask, policy)), api)
    except Refused as error:
        raise SedError(f"{api} gave no list of files: it {error}.") from error
    except (ValueError, AttributeError, TypeError) as error:
        raise SedError(f"{api} gave no list of files: its answer is not a record.") from error
    if not files:
        raise SedError(f"{api} lists no files; the record may be closed or the number wrong.")
    return files


def parse_record(record: dict[str, Any], api: str) -> dict[str, Download]:
    """Read the files of a record, by name.

    They are a list `files` or `entries`, or InvenioRDM's table `files: {entries: {name: …}}`; each
    has key, size and checksum (older deposits: filename and filesize), and its bytes lie at
    `<api>/files/<key>/content` in all of them.

    Args:
        record: the decoded answer.
        api: its address, `https://zenodo.org/api/records/<id>`.
    """
    listing: Any = record.get("files", record.get("entries", []))
    if isinstance(listing, dict):
        listing = listing.get("entries", {})
    files = {}
    for entry in listing.values() if isinstance(listing, dict) else listing:
        key, size = entry.get("key") or entry.get("filename"), entry.get("size")
        url = f"{api.rstrip('/')}/files/{quote(key, safe='=')}/content"
        files[key] = Download(
            Path(key), (url,), size or entry.get("filesize"), entry.get("checksum")
        )
    return files
