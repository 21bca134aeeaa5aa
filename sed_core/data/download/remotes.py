"""What can be downloaded, and from where: `remotes.yaml`, and your own addresses laid over it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml

from sed_core.runtime.errors import SedError, unknown_name

PUBLISHED = Path(__file__).with_name("remotes.yaml")


@dataclass(frozen=True)
class Remote:
    """One thing to download."""

    name: str
    group: str
    kind: str  # file, archive or clips
    target: str  # below the root: the file, or the folder of what is unpacked or of the clips
    urls: tuple[str, ...] = ()
    record: str | None = None  # address of the record's API
    key: str | None = None  # the record's file; None: all of them
    size: int | None = None  # bytes
    checksum: str | None = None  # "md5:…", "sha256:…"
    roots: tuple[str, ...] = ()  # folder names with which unpacked paths begin
    links: bool = False  # whether `adopt.link_synth` comes after it
    list: str | None = None  # TSV below the root that names the clips

    @property
    def report(self) -> str:
        """Name of the missing-files report, as in the reference."""
        return f"missing_files_{Path(self.target).name}.tsv"

    @property
    def receipt(self) -> str:
        """The file that says it is there; begins with the key of `pathvars` that it lies below."""
        clips = self.kind == "clips"
        return f"missing_files/{self.report}" if clips else f"<data>/download/{self.name}.json"


class Remotes(dict[str, Remote]):
    """What can be fetched, by name."""

    @property
    def archives(self) -> list[str]:
        """Names of the remotes that are files or archives."""
        return [name for name, remote in self.items() if remote.kind != "clips"]

    @property
    def clips(self) -> dict[str, Remote]:
        """Folder of clips -> its remote."""
        clips = (remote for remote in self.values() if remote.kind == "clips")
        return {Path(remote.target).name: remote for remote in clips}

    def receipts(self, names: Iterable[str]) -> list[str]:
        """What says that remotes are there."""
        return [self[name].receipt for name in names]

    def of_groups(self, *groups: str) -> list[str]:
        """The receipts of all remotes of some groups."""
        return [remote.receipt for remote in self.values() if remote.group in groups]

    def beside_clips(self, folder: str) -> list[str]:
        """The receipts of the metadata that a list of clips comes with."""
        group = self.clips[folder].group
        return self.receipts(name for name in self.archives if self[name].group == group)


def read_remotes(sources: str | Path | None = None) -> Remotes:
    """All remotes.

    Args:
        sources: YAML or JSON file; its section `remotes` gives, for each of them, the keys that
            differ (urls, record, key, size, checksum, target, …), and may name new ones.

    Raises:
        SedError: an unknown key, or a new remote without kind and target.
    """
    remotes = Remotes()
    for file in (PUBLISHED, sources):
        for name, changes in read_section(file, "remotes").items():
            remotes[name] = _laid_over(remotes, name, changes, f"{file}: remote {name}")
    return remotes


def _laid_over(remotes: Remotes, name: str, changes: Any, where: str) -> Remote:
    known, keys = remotes.get(name), checked_keys(changes, Remote, where)
    if known is None and not {"kind", "target"} <= set(keys):
        raise SedError(
            f"{where} is not one of {', '.join(remotes)}; correct the name or, for a remote of "
            "your own, give at least kind, target and urls."
        )
    if keys.get("kind", "file") not in ("file", "archive", "clips"):
        raise SedError(f"{where}: kind {keys['kind']!r} must be file, archive or clips.")
    if "urls" in keys:  # another site's record says nothing about this address
        keys.setdefault("record", None)
    return replace(known or Remote(name, "own", "", ""), **keys)


def configured_remotes(dataset: Mapping[str, Any], name: str) -> Remotes:
    """The remotes of a data set, `name`, and with the addresses that its entry lays over them.

    Raises:
        SedError: `sources` is no table of remotes, or a split names one that does not exist.
    """
    remotes = read_remotes(dataset.get("sources"))
    for split, entry in dataset["splits"].items():
        for remote in entry.get("remotes", []):
            if remote not in remotes:
                sentence = unknown_name(remote, remotes, "remote")
                raise SedError(f"datasets.{name}.splits.{split}: {sentence}")
    return remotes


def read_section(sources: str | Path | None, name: str) -> dict[str, Any]:
    """One of the two sections, `remotes` and `clips`, of a file of sources; empty without it."""
    if sources is None:
        return {}
    try:
        content = yaml.safe_load(Path(sources).read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SedError(f"{sources} cannot be read as YAML or JSON: {error}.") from error
    if not isinstance(content, dict) or not set(content) <= {"remotes", "clips"}:
        raise SedError(f"{sources} must have only the sections remotes and clips.")
    return content.get(name) or {}


def checked_keys(given: Any, kind: type, where: str) -> dict[str, Any]:
    """The keys of a table, all of which the dataclass `kind` has; one string is a list of one."""
    if not isinstance(given, Mapping):
        raise SedError(f"{where} must be a table of keys, such as urls: [...].")
    valid = [field.name for field in fields(kind) if field.name != "name"]
    if unknown := sorted(set(given) - set(valid)):
        raise SedError(f"{where}: unknown key {unknown[0]!r}; valid keys: {', '.join(valid)}.")
    lists = {key: given[key] for key in ("urls", "roots") if key in given}
    texts = {key: (v,) if isinstance(v, str) else tuple(v) for key, v in lists.items()}
    return {**given, **texts}
