"""What can be downloaded of DESED, RealDESED, URBAN-SED and MAESTRO, and from where; own addresses.

Record numbers, addresses and digests were gathered from the 2022 recipe and public code; where
the record's API publishes sizes and checksums, they are read from there when downloading.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from sed_core.runtime.errors import SedError, unknown_name


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


def _zenodo(record: int, key: str | None = None, **more: Any) -> dict[str, Any]:
    """A file of a record, or all of its files."""
    urls = (f"https://zenodo.org/record/{record}/files/{quote(key)}",) if key else ()
    api = f"https://zenodo.org/api/records/{record}"
    return {"record": api, "key": key, "urls": urls, **more}


def _clips(folder: str, table: str) -> dict[str, Any]:
    return {"kind": "clips", "target": f"audio/{folder}", "list": f"metadata/{table}.tsv"}


_FILE: dict[str, Any] = {"kind": "file"}
_UNPACKED: dict[str, Any] = {"kind": "archive", "target": "."}
_PANNS, _TRAINED = "Cnn14_16k_mAP=0.438.pth", "epoch=156-step=18525.ckpt"
_PANNS_SHA256 = "sha256:e2ee543a27919542c2ea03eabaa70b24dcd4e6c8e05621de6b67a94e4c5058e6"
_AST = "https://www.dropbox.com/s/cv4knew8mvbrnvq/audioset_0.4593.pth?dl=1"
# With or without the folder `train` around them, they end up in it.
_REALDESED = ("audio", "metadata.csv", "annotations.csv", "annotations_raw.csv")
_PLACES = ("cafe_restaurant", "city_center", "grocery_store", "metro_station", "residential_area")
_PLACES_LABELS = tuple(f"soft_labels_{place}" for place in _PLACES)

# The first three groups are what the reference's script downloads; its flags are --only_real etc.
_BY_GROUP: dict[str, dict[str, dict[str, Any]]] = {
    "real": {
        "metadata": _UNPACKED | _zenodo(4639776, "audioset_metadata.tar.gz", roots=("metadata",)),
        "weak": _clips("train/weak", "train/weak"),
        "unlabelled": _clips("train/unlabel_in_domain", "train/unlabel_in_domain"),
        "validation": _clips("validation/validation", "validation/validation"),
    },
    "strong": {
        "strong_metadata": _FILE
        | _zenodo(6444477, "audioset_strong.tsv", target="metadata/train/audioset_strong.tsv"),
        "strong": _clips("train/strong_label_real", "train/audioset_strong"),
    },
    "synth": {"synth": _UNPACKED | _zenodo(6026841, "dcase_synth.zip", links=True)},
    "eval": {
        "public_eval": _UNPACKED
        | _zenodo(4560759, "DESED_public_eval.tar.gz", roots=("audio", "metadata")),
        "eval21": _UNPACKED | _zenodo(4892545, target="audio/eval21"),
    },
    "realdesed": {
        f"realdesed_{split}": _UNPACKED
        | _zenodo(20056072, f"{split}.zip", target=split, roots=_REALDESED)
        for split in ("train", "validation", "test")
    },
    "urban_sed": {
        "urban_sed": _UNPACKED
        | _zenodo(1324404, "URBAN-SED_v2.0.0.tar.gz", roots=("audio", "annotations"))
        | {"checksum": "md5:a2d24a2148ece7c021fcc079ee87c2dc"},
    },
    "maestro_real": {
        f"maestro_real_{part}": _UNPACKED
        | _zenodo(7244360, f"development_{part}.zip", target=f"development_{part}", roots=roots)
        | {"checksum": f"md5:{md5}"}
        for part, roots, md5 in (
            ("audio", _PLACES, "3de7cb4f92a115a6f5cc077a41ca07b3"),
            ("annotation", _PLACES_LABELS, "e6a3f84f8020725d559b38ccb494ef3d"),
        )
    },
    "weights": {
        "panns": _FILE
        | _zenodo(3987831, _PANNS, target=f"pretrained/{_PANNS}", checksum=_PANNS_SHA256),
        "ast": _FILE | {"target": "pretrained/audioset_10_10_0.4593.pth", "urls": (_AST,)},
    },
    "checkpoints": {
        "checkpoint": _FILE | _zenodo(4639817, _TRAINED, target=f"checkpoints/{_TRAINED}"),
        "checkpoint_strong": _FILE | _zenodo(6447197, target="checkpoints/audioset_strong"),
    },
    "embeddings": {
        "embeddings_ast_unlabelled": _FILE | _zenodo(6541454, target="embeddings"),
        "embeddings_ast": _FILE | _zenodo(6539466, target="embeddings"),
        "embeddings_panns": _FILE | _zenodo(6518380, target="embeddings"),
    },
}
REMOTES = Remotes(
    (name, Remote(name, group, **remote))
    for group, remotes in _BY_GROUP.items()
    for name, remote in remotes.items()
)


def read_remotes(sources: str | Path | None = None) -> Remotes:
    """All remotes.

    Args:
        sources: YAML or JSON file; its section `remotes` gives, for each of them, the keys that
            differ (urls, record, key, size, checksum, target, …), and may name new ones.

    Raises:
        SedError: an unknown key, or a new remote without kind and target.
    """
    remotes = Remotes(REMOTES)
    for name, changes in read_section(sources, "remotes").items():
        where, known = f"{sources}: remote {name}", remotes.get(name)
        keys = checked_keys(changes, Remote, where)
        if known is None and not {"kind", "target"} <= set(keys):
            raise SedError(
                f"{where} is not one of {', '.join(REMOTES)}; correct the name or, for a remote of "
                "your own, give at least kind, target and urls."
            )
        if keys.get("kind", "file") not in ("file", "archive", "clips"):
            raise SedError(f"{where}: kind {keys['kind']!r} must be file, archive or clips.")
        if "urls" in keys:  # another site's record says nothing about this address
            keys.setdefault("record", None)
        remotes[name] = replace(known or Remote(name, "own", "", ""), **keys)
    return remotes


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
