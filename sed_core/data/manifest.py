"""The manifest of a split: one row for each clip that should be there, and what was found."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from sed_core.data.audio import AudioClip
from sed_core.data.tsv import numbers, read_table, write_table
from sed_core.runtime.errors import SedError

COLUMNS = (
    "filename",
    "status",  # ok, missing, unreadable, truncated, empty, nan
    "note",
    "duration",  # s, of the source file, as are the next four
    "sample_rate",
    "channels",
    "peak",
    "rms",
    "flags",  # comma list of short, long, silent, clipped, stereo, resampled, window
    "digest",  # BLAKE2b of the samples in the corpus
)
_NUMBERS = ("duration", "sample_rate", "channels", "peak", "rms")

WINDOW = "window"  # flag of what was cut from a recording, whose name its own begins with
LENGTH_TOLERANCE = 0.05  # s: what rounds to the nominal length at one decimal is not short
SILENT_PEAK = 1e-4  # -80 dB of full scale
CLIPPED_SHARE = 1e-4  # of all samples at full scale: 44 in a clip of 10 s at 44.1 kHz


def manifest_row(
    filename: str, clip: AudioClip, *, clip_seconds: float, sample_rate: int, digest: str = ""
) -> dict[str, Any]:
    """Describe what reading one clip gave; `digest` is that of its samples."""
    return {
        "filename": filename,
        "status": clip.status,
        "note": clip.note.replace("\t", " "),
        "duration": round(clip.duration, 6),
        "sample_rate": clip.sample_rate,
        "channels": clip.channels,
        "peak": round(clip.peak, 6),
        "rms": round(clip.rms, 6),
        "flags": ",".join(_flags(clip, clip_seconds, sample_rate)),
        "digest": digest,
    }


def missing_row(filename: str) -> dict[str, Any]:
    """The row of a clip that is not in its folder."""
    return {"filename": filename, "status": "missing", "note": "not in the audio folder"}


def write_manifest(path: str | Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows sorted by filename, atomically."""
    table = pd.DataFrame(list(rows), columns=COLUMNS, dtype=object)
    write_table(path, table.sort_values("filename", kind="stable"))


def read_manifest(path: str | Path) -> pd.DataFrame:
    """Read a manifest; text columns as text, the others as float64 (NaN where nothing was read).

    Raises:
        SedError: no such file, or not a manifest.
    """
    table = read_table(path, COLUMNS)
    return table.assign(**{name: numbers(table[name]) for name in _NUMBERS}).reset_index(drop=True)


def usable(manifest: pd.DataFrame) -> "pd.Series[str]":
    """Names of the clips that can be used."""
    return manifest["filename"][manifest["status"] == "ok"]


def coverage(manifest: str | Path) -> dict[str, int]:
    """How many clips of a split can be used, and how many there should be.

    Of recordings that are cut into windows the recordings count: how many windows a missing one
    would have nobody knows.
    """
    table = read_manifest(manifest)
    is_window = table["flags"].str.split(",").map(lambda flags: WINDOW in flags)
    names = table["filename"].where(~is_window, table["filename"].str.rsplit("-", n=2).str[0])
    present = names[table["status"] == "ok"].nunique()
    return {"present": present, "expected": names.nunique()}


def check_coverage(manifest: str | Path, *, minimum: float) -> dict[str, int]:
    """Refuse to go on with too few clips.

    Args:
        manifest: of the split.
        minimum: smallest share of the expected clips, 0..1.

    Returns:
        The coverage, where it is high enough.

    Raises:
        SedError: fewer clips are there.
    """
    found = coverage(manifest)
    present, expected = found["present"], found["expected"]
    if present < minimum * expected:
        raise SedError(
            f"{manifest}: {expected - present} of {expected} clips are missing or unusable, which "
            f"leaves {present / expected:.1%} where data.min_coverage asks for {minimum:.1%}; put "
            "the clips into the audio folder and run again, or lower data.min_coverage to go on "
            "with what is there."
        )
    return found


def _flags(clip: AudioClip, clip_seconds: float, sample_rate: int) -> list[str]:
    if not clip.channels:
        return []
    usable = clip.status == "ok"
    flags = {
        "short": clip.duration < clip_seconds - LENGTH_TOLERANCE,
        "long": clip.duration > clip_seconds + LENGTH_TOLERANCE,
        "silent": usable and clip.peak < SILENT_PEAK,
        "clipped": usable and clip.full_scale > CLIPPED_SHARE,
        "stereo": clip.channels > 1,
        "resampled": clip.sample_rate != sample_rate,
    }
    return [name for name, holds in flags.items() if holds]
