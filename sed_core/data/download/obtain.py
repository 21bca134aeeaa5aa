"""One remote: from its addresses to files in their place."""

from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sed_core.data.adopt import link_synth
from sed_core.data.download.archive import unpack
from sed_core.data.download.remotes import Remote
from sed_core.data.download.resumable_http import Download, Fetched, fetch_all
from sed_core.data.download.retry import RetryPolicy
from sed_core.data.download.zenodo import read_record
from sed_core.runtime.errors import SedError

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
    jobs: int = 3,
    policy: RetryPolicy | None = None,
) -> Obtained:
    """Download a remote and, if it is an archive, unpack it and make its links.

    A record that does not answer is no obstacle where an address is configured.

    Args:
        remote: kind "file" or "archive"; clips have `download_clips`.
        root: the data root, to which its target is relative.
        downloads: folder that keeps the archives; they may be deleted afterwards.
        jobs: files at a time.
        policy: patience.

    Raises:
        SedError: what failed and what to do by hand.
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
    files = fetch_all(_downloads(remote, record, place, keep), jobs=jobs, policy=policy)
    notes += [
        f"{file.path} could not be checked: no size or checksum is known for it"
        for file in files
        if file.checked == "nothing"
    ]
    unpacked = [
        unpack(file.path, place, members=remote.members, roots=remote.roots)
        for file in files
        if file.path.parent == keep
    ]
    if remote.links:
        link_synth(root)
    return Obtained(files, sum(done.written + done.kept for done in unpacked), notes)


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
    if archive and not (remote.key or urls):
        raise SedError(f"remote {remote.name} has no address; give urls or record in the sources.")
    published = unquote(Path(urlsplit(urls[0]).path).name) if urls else ""
    name = remote.key or published or remote.name
    size, checksum = remote.size or file.size, remote.checksum or file.checksum
    return [Download(keep / name if archive else place, urls, size, checksum)]
