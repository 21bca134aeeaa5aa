"""What a repository record (Zenodo and other InvenioRDM sites) says about its files."""

import json
from pathlib import Path
from typing import Any

from sed_core.data.download.resumable_http import Download
from sed_core.data.download.retry import Refused, RetryPolicy, get, persist
from sed_core.runtime.errors import SedError


def parse_record(record: dict[str, Any], api: str) -> dict[str, Download]:
    """Read the files of a record, by name.

    Two layouts exist: a list `files: [{key, size, checksum, links: {self}}]`, whose `self` is the
    file (older deposits say filename and filesize), and InvenioRDM's own
    `files: {entries: {name: {…, links: {self, content}}}}`, whose `self` describes the file.

    Args:
        record: the decoded answer.
        api: its address, `https://zenodo.org/api/records/<id>`.
    """
    listing: Any = record.get("files", record.get("entries", []))
    direct = isinstance(record.get("files"), list) or "/records/" not in api
    if isinstance(listing, dict):
        listing = listing.get("entries", {})
    files = {}
    for entry in listing.values() if isinstance(listing, dict) else listing:
        key, links = entry.get("key") or entry.get("filename"), entry.get("links") or {}
        url = links.get("content") or links.get("download") or (direct and links.get("self"))
        url = url or f"{api.rstrip('/')}/files/{key}/content"
        size = entry.get("size") or entry.get("filesize")
        files[key] = Download(Path(key), (url,), size, entry.get("checksum"))
    return files


def read_record(api: str, *, policy: RetryPolicy | None = None) -> dict[str, Download]:
    """Ask the record's API for names, addresses, sizes and checksums.

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
