"""One published part of the data: from its addresses to files in their place."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sed_core.data.download.archive import unpack
from sed_core.data.download.links import link_synth
from sed_core.data.download.resumable_http import Download, Fetched, fetch_all
from sed_core.data.download.retry import RetryPolicy
from sed_core.data.download.sources import Part
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
    part: Part,
    root: str | Path,
    downloads: str | Path,
    *,
    jobs: int = 3,
    policy: RetryPolicy | None = None,
) -> Obtained:
    """Download a part and, if it is an archive, unpack it and make its links.

    Args:
        part: kind "file" or "archive"; clips have `download_clips`.
        root: the data root, to which the part's target is relative.
        downloads: folder that keeps the archives; they may be deleted afterwards.
        jobs: files at a time.
        policy: patience.

    Raises:
        SedError: what failed and what to do by hand.
    """
    place, keep = Path(root) / part.target, Path(downloads) / part.name
    wanted, notes = plan(part, place, keep, policy=policy)
    files = fetch_all(wanted, jobs=jobs, policy=policy)
    notes += [
        f"{file.path} could not be checked: no size or checksum is known for it"
        for file in files
        if file.checked == "nothing"
    ]
    members = 0
    for file in files:
        if file.path.parent == keep:
            done = unpack(file.path, place, members=part.members, roots=part.roots)
            members += done.written + done.kept
    if part.links:
        link_synth(root)
    return Obtained(files, members, notes)


def plan(
    part: Part, place: Path, keep: Path, *, policy: RetryPolicy | None = None
) -> tuple[list[Download], list[str]]:
    """Decide what is fetched from where; asks the record for sizes and checksums.

    A record that does not answer is no obstacle where an address is configured.

    Args:
        part: what is wanted.
        place: where its files, or what is unpacked, go.
        keep: where its archives go.
        policy: patience.

    Returns:
        The downloads, and notes for the user.
    """
    record: dict[str, RecordFile] = {}
    notes = []
    if part.record:
        try:
            record = read_record(part.record, policy=policy)
        except SedError as error:
            if not part.urls:
                raise
            notes.append(f"going on without the published size and checksum: {error}")
    archive = part.kind == "archive"
    if record and part.key is None:  # all files of the record
        return [
            Download(
                (keep if archive and key.endswith(ARCHIVES) else place) / key,
                (file.url,),
                file.size,
                file.checksum,
            )
            for key, file in record.items()
        ], notes
    file = _entry(part, record)
    download = Download(
        keep / (part.key or _name(part)) if archive else place,
        (*part.urls, *([file.url] if file else [])),
        part.size or (file.size if file else None),
        part.checksum or (file.checksum if file else None),
    )
    return [download], notes


def _name(part: Part) -> str:
    if not part.urls:
        raise SedError(f"part {part.name} has no address; give urls or record in the sources.")
    return unquote(Path(urlsplit(part.urls[0]).path).name) or part.name


def _entry(part: Part, record: dict[str, RecordFile]) -> RecordFile | None:
    if record and part.key not in record:
        raise SedError(
            f"{part.record} has no file {part.key!r}; it has {', '.join(sorted(record))}, so "
            f"correct the key of part {part.name} in the sources."
        )
    return record.get(part.key or "")
