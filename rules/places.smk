"""Paths of a data set and the downloads it needs; no rules here."""

import os
from functools import cache
from types import SimpleNamespace

from sed_core.data.adopt import adopt
from sed_core.data.download.remotes import configured_remotes
from sed_core.data.clip_counts import listed_clips
from sed_core.data.folder_state import fingerprint

OWN_DATA = os.environ.get("SED_DATA") if DATASET["source"] != "synthesis" else None
SOURCE = "folder" if OWN_DATA else DATASET["source"]
ROOT = Path(OWN_DATA or DATASET["root"])
SOURCES = sorted(
    file.stem.partition("_")[2] for file in (HOME / "rules").glob("source_*.smk")
)
if SOURCE not in SOURCES:
    raise WorkflowError(
        f"config: datasets.{config['dataset']}.source: there is no '{SOURCE}'; there is "
        f"{', '.join(SOURCES)}."
    )


def adopted_places():
    """Where the splits of a tree that somebody already has really lie."""
    if SOURCE != "folder" or not ROOT.is_dir():
        return {}
    splits = DATASET["splits"].items()
    paths = {name: (split["audio"], split.get("annotations")) for name, split in splits}
    return adopt(ROOT, paths).splits


PLACES = adopted_places()


def source_audio(wildcards):
    """The split's folder of audio files."""
    place = PLACES.get(wildcards.split)
    found = place.audio if place else None
    return str(found or ROOT / DATASET["splits"][wildcards.split]["audio"])


def source_annotations(wildcards):
    """The split's TSV, or nothing where it has none."""
    place = PLACES.get(wildcards.split)
    path = DATASET["splits"][wildcards.split].get("annotations")
    found = place.annotations if place else None
    return str(found or ROOT / path) if path else ""


def annotations_option(flag):
    """A parameter function: `--flag 'path of the TSV'`, or nothing where a split has none."""

    def option(wildcards):
        path = source_annotations(wildcards)
        return f"{flag} {shlex.quote(path)}" if path else ""

    return option


def source_metadata(wildcards):
    """The split's metadata, in the tree in which its annotations were found, or the workflow's."""
    split = DATASET["splits"][wildcards.split]
    if "metadata" not in split:
        return ""
    if split["metadata"].startswith("./"):
        return str(HOME / split["metadata"])
    if "annotations" not in split:
        return str(ROOT / split["metadata"])
    inside = Path(split["annotations"])
    root = Path(source_annotations(wildcards)).parents[len(inside.parts) - 1]
    return str(root / split["metadata"])


def metadata_option(wildcards):
    return option("metadata", source_metadata(wildcards))


def groups_option(wildcards):
    """The metadata that a row's groups of recordings come from, where it has any."""
    groups = ROWS[wildcards.system].system["scoring"]["groups"]
    return metadata_option(wildcards) if groups else ""


def soft_labels_option(wildcards):
    """What a split's table has beside events, if anything."""
    return option("soft-labels", DATASET["splits"][wildcards.split].get("soft_labels"))


def folder_fingerprint(wildcards):
    """Changes when a clip is added, replaced or removed, or the annotation file is edited."""
    tables = [source_annotations(wildcards), source_metadata(wildcards)]
    states = [
        (
            fingerprint(Path(table))
            if Path(table).is_dir()
            else str(Path(table).stat().st_mtime_ns)
        )
        for table in tables
        if table and Path(table).exists()
    ]
    audio = fingerprint(Path(source_audio(wildcards)))
    return " ".join([audio, *(states or ["0"])])


def synthesis_spec(wildcards):
    spec = DATASET["splits"][wildcards.split]["synthesis"]
    return f"--domain {spec['domain']} --clips {spec['clips']}"


try:  # where nothing is downloaded, names of remotes are not looked at
    REMOTES = configured_remotes(
        {**DATASET, "splits": DATASET["splits"] if SOURCE == "download" else {}},
        config["dataset"],
    )
except SedError as error:
    raise WorkflowError(f"config: {error}") from None


def sources_option(_wildcards):
    return (
        f"--sources {shlex.quote(DATASET['sources'])}" if "sources" in DATASET else ""
    )


@cache
def listed(split):
    """How many clips a split can have at most; nothing where that is not known yet."""
    entry, place = DATASET["splits"][split], SimpleNamespace(split=split)
    if SOURCE == "synthesis":
        return entry["synthesis"]["clips"]
    annotations, metadata = source_annotations(place), source_metadata(place)
    return listed_clips(
        Path(source_audio(place)),
        Path(annotations) if annotations else None,
        labels=entry["labels"],
        metadata=Path(metadata) if metadata else None,
    )
