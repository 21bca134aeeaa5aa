"""The parts of the data as typed objects, with the user's own addresses laid over the defaults."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml

from sed_core.data.download.clips import DownloadPolicy
from sed_core.data.download.parts import PARTS, REFERENCE_GROUPS
from sed_core.runtime.errors import SedError


@dataclass(frozen=True)
class Part:
    """One thing to download; see `parts.PARTS` for the meaning of each key."""

    name: str
    group: str
    kind: str
    target: str
    urls: tuple[str, ...] = ()
    record: str | None = None
    key: str | None = None
    size: int | None = None
    checksum: str | None = None
    roots: tuple[str, ...] = ()
    members: tuple[str, ...] = ("*",)
    links: bool = False
    list: str | None = None

    @property
    def report(self) -> str:
        """Name of the missing-files report, as in the reference."""
        return f"missing_files_{Path(self.target).name}.tsv"


def read_parts(sources: str | Path | None = None) -> dict[str, Part]:
    """All parts by name.

    Args:
        sources: YAML or JSON file; its section `parts` gives, per part, the keys that differ
            (urls, record, key, size, checksum, target, …), and may name new parts.

    Raises:
        SedError: an unknown key, or a new part without kind and target.
    """
    tables = {name: dict(entry) for name, entry in PARTS.items()}
    for name, changes in _section(sources, "parts").items():
        if not isinstance(changes, Mapping):
            raise SedError(f"{sources}: part {name} must be a table of keys, such as urls: [...].")
        entry = tables.setdefault(name, {"group": "own"})
        if "urls" in changes and "record" not in changes:
            entry.pop("record", None)  # another site's record says nothing about this address
        entry.update(changes)
    return {name: _part(name, entry, sources) for name, entry in tables.items()}


def read_download_policy(
    sources: str | Path | None = None, *, jobs: int | None = None
) -> DownloadPolicy:
    """How clips are asked for: section `clips` of the sources file over the defaults.

    Raises:
        SedError: an unknown key.
    """
    changes = dict(_section(sources, "clips"))
    _check(changes, DownloadPolicy, f"{sources}: clips")
    if "urls" in changes:
        changes["urls"] = _strings(changes["urls"])
    policy = DownloadPolicy(**changes)
    return replace(policy, jobs=jobs) if jobs else policy


def selected(groups: Collection[str]) -> list[str]:
    """Names of the parts that the reference's flags mean.

    Args:
        groups: of "real", "strong", "synth"; none or all of them mean everything.
    """
    wanted = groups or REFERENCE_GROUPS
    return [name for name, entry in PARTS.items() if entry["group"] in wanted]


def _part(name: str, entry: dict[str, Any], sources: Any) -> Part:
    where = f"{sources}: part {name}"
    _check(entry, Part, where)
    if "kind" not in entry or "target" not in entry:
        raise SedError(
            f"{where} is not one of {', '.join(PARTS)}; correct the name or, for a part of your "
            "own, give at least kind, target and urls."
        )
    if entry["kind"] not in ("file", "archive", "clips"):
        raise SedError(f"{where}: kind {entry['kind']!r} must be file, archive or clips.")
    lists = ("urls", "roots", "members")
    changed = {key: _strings(entry[key]) for key in lists if key in entry}
    return Part(**{"name": name, **entry, **changed})


def _check(entry: Mapping[str, Any], kind: type, where: str) -> None:
    valid = [field.name for field in fields(kind) if field.name != "name"]
    unknown = sorted(set(entry) - set(valid))
    if unknown:
        raise SedError(f"{where}: unknown key {unknown[0]!r}; valid keys: {', '.join(valid)}.")


def _strings(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _section(sources: str | Path | None, name: str) -> dict[str, Any]:
    if sources is None:
        return {}
    try:
        content = yaml.safe_load(Path(sources).read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SedError(f"{sources} cannot be read as YAML or JSON: {error}.") from error
    if not isinstance(content, dict) or not set(content) <= {"parts", "clips"}:
        raise SedError(f"{sources} must have only the sections parts and clips.")
    return content.get(name) or {}
