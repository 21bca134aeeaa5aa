"""A record as Zenodo describes it, on a local server."""

import hashlib
import io
import json
import zipfile
from pathlib import Path

from tests.servers.flaky import Fault, Flaky

API = "/api/records/1"


def zipped(folder: Path, inside: str = "") -> bytes:
    """A zip of what a folder holds, each name after `inside`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for path in sorted(folder.rglob("*")):
            made.write(path, inside + str(path.relative_to(folder)))
    return file.getvalue()


def serve_record(server: Flaky, archives: dict[str, bytes], *, broken: str) -> str:
    """The record's address; of the archive `broken` the first answer ends in the middle."""
    files = []
    for name, body in archives.items():
        faults = [Fault(cut_after=len(body) // 2)] if name == broken else []
        server.add(f"{API}/files/{name}/content", body, etag=f'"{name}"', faults=faults)
        checksum = f"md5:{hashlib.md5(body).hexdigest()}"
        files.append({"key": name, "size": len(body), "checksum": checksum})
    described = json.dumps({"files": files}).encode()
    return server.add(API, described, kind="application/json")


def continued(server: Flaky, name: str) -> bool:
    """Whether the rest of an archive was asked for, not all of it anew."""
    return any(server.requests(f"{API}/files/{name}/content")[1:])
