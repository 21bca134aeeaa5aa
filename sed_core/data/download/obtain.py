"""One remote: from its addresses to files in their place."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sed_core.data.download.archive import unpack
from sed_core.data.download.links import link_synth
from sed_core.data.download.remotes import Remote
from sed_core.data.download.resumable_http import Download, Fetched, fetch_all
from sed_core.data.download.retry import RetryPolicy
from sed_core.data.download.zenodo import RecordFile, read_record
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
    wanted, notes = plan(remote, place, keep, policy=policy)
    files = fetch_all(wanted, jobs=jobs, policy=policy)
    notes += [
        f"{file.path} could not be checked: no size or checksum is known for it"
        for file in files
        if file.checked == "nothing"
    ]
    members = 0
    for file in files:
        if file.path.parent == keep:
            done = unpack(file.path, place, members=remote.members, roots=remote.roots)
            members += done.written + done.kept
    if remote.links:
        link_synth(root)
    return Obtained(files, members, notes)


def plan(
    remote: Remote, place: Path, keep: Path, *, policy: RetryPolicy | None = None
) -> tuple[list[Download], list[str]]:
    """Decide what is fetched from where; asks the record for sizes and checksums.

    A record that does not answer is no obstacle where an address is configured.

    Args:
        remote: what is wanted.
        place: where its files, or what is unpacked, go.
        keep: where its archives go.
        policy: patience.

    Returns:
        The downloads, and notes for the user.
    """
    record: dict[str, RecordFile] = {}
    notes = []
    if remote.record:
        try:
            record = read_record(remote.record, policy=policy)
        except SedError as error:
            if not remote.urls:
                raise
            notes.append(f"going on without the published size and checksum: {error}")
    archive = remote.kind == "archive"
    if record and remote.key is None:  # all files of the record
        return [
            Download(
                (keep if archive and key.endswith(ARCHIVES) else place) / key,
                (file.url,),
                file.size,
                file.checksum,
            )
            for key, file in record.items()
        ], notes
    file = _entry(remote, record)
    download = Download(
        keep / (remote.key or _name(remote)) if archive else place,
        (*remote.urls, *([file.url] if file else [])),
        remote.size or (file.size if file else None),
        remote.checksum or (file.checksum if file else None),
    )
    return [download], notes


def _name(remote: Remote) -> str:
    if not remote.urls:
        raise SedError(f"remote {remote.name} has no address; give urls or record in the sources.")
    return unquote(Path(urlsplit(remote.urls[0]).path).name) or remote.name


def _entry(remote: Remote, record: dict[str, RecordFile]) -> RecordFile | None:
    if record and remote.key not in record:
        raise SedError(
            f"{remote.record} has no file {remote.key!r}; it has {', '.join(sorted(record))}, so "
            f"correct the key of remote {remote.name} in the sources."
        )
    return record.get(remote.key or "")
