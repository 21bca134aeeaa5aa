"""Whether a data set has enough clips for a system's batches, checked before any audio is read."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sed_core.data.audio_files import count_audio
from sed_core.data.tsv import read_table
from sed_core.runtime.errors import SedError


def listed_clips(
    audio: Path, annotations: Path | None, *, labels: str, metadata: Path | None = None
) -> int | None:
    """How many clips a split can have at most; None where nothing tells yet.

    Of strongly labelled splits those with events count: training leaves the others out. So it does
    with clips that the metadata, if there are any, do not name.
    """
    if annotations is None:
        return count_audio(audio) if audio.is_dir() else None
    columns = ("filename", "event_label") if labels == "strong" else ("filename",)
    try:
        table = read_table(annotations, columns)
        if metadata is not None:
            named = read_table(metadata, ("filename",))["filename"]
            table = table[table["filename"].isin(named)]
    except SedError:
        return None  # not there yet, or the step that checks it says what is wrong
    if labels == "strong":
        table = table[~table["event_label"].isin(["", "nan", "NaN"])]
    return int(table["filename"].nunique())


def too_few(system: Mapping[str, Any], clips: Callable[[str], int | None]) -> str:
    """What a system lacks for one batch or for its validation, in a sentence; empty if nothing.

    Args:
        system: complete configuration.
        clips: how many clips a split has at most, None where that is not known.
    """
    data = system["data"]
    absent = 0  # a part that is no split's has no share of a batch either
    weak = clips(data["weak"]) if data["weak"] else absent
    learned = None if weak is None else round(weak * data["weak_split"])
    strong = [clips(split) for split in data["strong"]]
    counts = {
        "strong": (", ".join(data["strong"]), _sum(strong)),
        "weak": (f"{data['weak_split']:.0%} of {data['weak']}", learned),
        "unlabelled": (
            data["unlabelled"],
            clips(data["unlabelled"]) if data["unlabelled"] else absent,
        ),
    }
    sizes = zip(system["training"]["batch_size"], counts.items(), strict=True)
    one_window_a_clip = data.get("windows") != "per_second"
    for place, (size, (part, (named, count))) in enumerate(sizes):
        if one_window_a_clip and count is not None and count < size:
            return (
                f"the {part} part of a batch takes {size} clips, but there are only {count}"
                f"{' with events' if part == 'strong' else ''} ({named}); lower "
                f"training.batch_size (its number {place + 1})"
            )
    if data["weak"] and weak is not None and learned == weak:
        return (
            f"data.weak_split {data['weak_split']} leaves none of the {weak} clips of "
            f"{data['weak']} to select the network with; lower it"
        )
    if clips(data["validation"]) == 0:
        return f"no clip of {data['validation']} has an event to select the network with"
    return ""


def _sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
