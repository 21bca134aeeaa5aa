from pathlib import Path

import numpy as np
import pytest

from sed_core.data.audio import AudioClip
from sed_core.data.manifest import (
    check_coverage,
    coverage,
    manifest_row,
    missing_row,
    read_manifest,
    write_manifest,
)
from sed_core.runtime.errors import SedError

GOOD = {"status": "ok", "duration": 10.0, "sample_rate": 16000, "channels": 1, "peak": 0.5}


def flags(**changes: object) -> str:
    clip = AudioClip(**(GOOD | changes))  # type: ignore[arg-type]
    return manifest_row("a.wav", clip, clip_seconds=10, sample_rate=16000)["flags"]


def test_flags() -> None:
    assert flags() == ""
    assert flags(duration=9.96) == flags(duration=10.04) == ""
    assert flags(duration=9.9) == "short" and flags(duration=10.1) == "long"
    assert flags(peak=5e-5) == "silent" and flags(full_scale=0.01) == "clipped"
    assert flags(channels=2, sample_rate=44100) == "stereo,resampled"
    assert flags(status="unreadable", channels=0) == ""


def test_round_trip_sorted(tmp_path: Path) -> None:
    good = manifest_row("b.wav", AudioClip(**GOOD), clip_seconds=10, sample_rate=16000, digest="12")  # type: ignore[arg-type]
    write_manifest(tmp_path / "m.tsv", [good, missing_row("a.wav")])
    table = read_manifest(tmp_path / "m.tsv")
    assert table["filename"].tolist() == ["a.wav", "b.wav"]
    assert table["status"].tolist() == ["missing", "ok"]
    assert np.isnan(table["duration"][0]) and table["duration"][1] == 10
    assert table["digest"].tolist() == ["", "12"]


def test_coverage(tmp_path: Path) -> None:
    path = tmp_path / "m.tsv"
    good = [
        manifest_row(f"{i}.wav", AudioClip(**GOOD), clip_seconds=10, sample_rate=16000)  # type: ignore[arg-type]
        for i in range(19)
    ]
    write_manifest(path, [*good, missing_row("x.wav")])
    assert coverage(path) == check_coverage(path, minimum=0.95) == {"present": 19, "expected": 20}
    with pytest.raises(SedError, match=r"1 of 20 clips .* 95.0% .* asks for 96.0%; put the clips"):
        check_coverage(path, minimum=0.96)
