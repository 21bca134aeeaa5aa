"""Paths of a data set and the downloads it needs; no rules here."""

import os
from functools import cache
from types import SimpleNamespace

from sed_core.data.download.adopt import adopt
from sed_core.data.download.sources import read_parts
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


def folder_fingerprint(wildcards):
    """Changes when a clip is added, replaced or removed, or the annotation file is edited."""
    annotations = source_annotations(wildcards)
    state = (
        Path(annotations).stat().st_mtime_ns
        if annotations and Path(annotations).is_file()
        else 0
    )
    return f"{fingerprint(Path(source_audio(wildcards)))} {state}"


def synthesis_spec(wildcards):
    spec = DATASET["splits"][wildcards.split]["synthesis"]
    return f"--domain {spec['domain']} --clips {spec['clips']}"


def downloaded_parts():
    """What can be fetched, with the addresses of the configuration laid over the published ones."""
    try:
        parts = read_parts(DATASET.get("sources"))
    except SedError as error:
        raise WorkflowError(f"config: {error}") from None
    for split, entry in DATASET["splits"].items():
        for name in entry.get("parts", []) if SOURCE == "download" else []:
            if name not in parts:
                sentence = unknown_name(name, parts, "part")
                raise WorkflowError(
                    f"config: datasets.{config['dataset']}.splits.{split}: {sentence}"
                )
    return parts


PARTS = downloaded_parts()
CLIP_PARTS = {
    Path(part.target).name: part for part in PARTS.values() if part.kind == "clips"
}


def part_files(names):
    """What says that parts are complete: a receipt, or for clips the report of missing ones."""
    parts = [PARTS[name] for name in names]
    return [
        (
            f"missing_files/{part.report}"
            if part.kind == "clips"
            else f"<data>/download/{part.name}.json"
        )
        for part in parts
    ]


def group_files(*groups):
    return part_files(name for name, part in PARTS.items() if part.group in groups)


def clip_list(wildcards):
    """The metadata that a list of clips comes with."""
    part = CLIP_PARTS[wildcards.folder]
    return part_files(
        name
        for name, other in PARTS.items()
        if other.group == part.group and other.kind != "clips"
    )


def split_parts(wildcards):
    """What has to be fetched before a split can be looked at."""
    return part_files(DATASET["splits"][wildcards.split].get("parts", []))


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
    annotations = source_annotations(place)
    return listed_clips(
        Path(source_audio(place)),
        Path(annotations) if annotations else None,
        labels=entry["labels"],
    )
