import json
from pathlib import Path

import pandas as pd
import pytest

from sed_core.data.audio import AudioClip
from sed_core.data.manifest import manifest_row, missing_row, write_manifest
from sed_core.runtime.errors import SedError
from workflow_scripts.ground_truth import main

LENGTHS = {"a.wav": 10.0, "b.wav": 9.947, "c.wav": 12.36, "d.wav": 0.04, "extra.wav": 1.0}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    rows = [
        manifest_row(name, AudioClip("ok", duration=length), clip_seconds=10, sample_rate=16000)
        for name, length in LENGTHS.items()
    ]
    broken = manifest_row("bad.wav", AudioClip("nan"), clip_seconds=10, sample_rate=16000)
    write_manifest(tmp_path / "manifest.tsv", [*rows, broken, missing_row("gone.wav")])
    return tmp_path / "manifest.tsv"


def write(manifest: Path, labels: str, tsv: str | None, *options: str) -> tuple:
    """Run the script; truth, durations as lists of rows, and the report."""
    folder = manifest.parent
    if tsv is not None:
        (folder / "in.tsv").write_text(tsv)
        options = (*options, f"--tsv={folder / 'in.tsv'}")
    paths = [folder / "truth.tsv", folder / "durations.tsv", folder / "report.json"]
    main(
        [
            f"--labels={labels}",
            f"--manifest={manifest}",
            "--classes=bark,bell",
            "--clip-seconds=10",
            *(f"--{path.stem}={path}" for path in paths),
            *options,
        ]
    )
    tables = [pd.read_csv(path, sep="\t").fillna("").values.tolist() for path in paths[:2]]
    return *tables, json.loads(paths[2].read_text())


STRONG = (
    "filename\tonset\toffset\tevent_label\n"
    "c.wav\t11.5\t12.3\tbell\n"  # in a clip longer than nominal
    "gone.wav\t1\t2\tbark\n"
    "b.wav\t\t\t\n"
    "a.wav\t1\t3\tbark\na.wav\t2\t4\tbark\n"
    "bad.wav\t1\t2\tbark\n"
    "d.wav\t0\t0.04\tbark\n"
)


def test_strong_truth_holds_what_is_there(manifest: Path) -> None:
    truth, durations, report = write(manifest, "strong", STRONG)
    assert truth == [
        ["c.wav", 11.5, 12.3, "bell"],
        ["a.wav", 1, 4, "bark"],
        ["d.wav", 0, 0.04, "bark"],
        ["b.wav", "", "", ""],
    ]
    # One decimal as in 2022; but no clip is without extent, and none is without annotation.
    assert durations == [["a.wav", 10], ["b.wav", 9.9], ["c.wav", 12.4], ["d.wav", 0.04]]
    expected = {
        "clips": 6,
        "clips_present": 4,
        "clips_absent": 2,
        "clips_without_annotation": 1,
        "rows_written": 3,
        "same_class_overlaps_merged": 1,
    }
    assert expected.items() <= report.items()


def test_exact_durations(manifest: Path) -> None:
    _, durations, _ = write(manifest, "strong", STRONG, "--exact-durations")
    assert dict(durations) == {name: LENGTHS[name] for name in ("a.wav", "b.wav", "c.wav", "d.wav")}


def test_weak_truth_keeps_file_order_and_absent_clips(manifest: Path) -> None:
    """Otherwise the draw of the training part would change with every clip that comes or goes."""
    tsv = "filename\tevent_labels\nb.wav\tbell, bark\ngone.wav\tbark\na.wav\t\n"
    truth, durations, report = write(manifest, "weak", tsv)
    assert truth == [["b.wav", "bell,bark"], ["gone.wav", "bark"], ["a.wav", ""]]
    assert [name for name, _ in durations] == ["a.wav", "b.wav"]
    assert (report["clips_present"], report["clips_absent"]) == (2, 1)


def test_sets_without_labels(manifest: Path) -> None:
    truth, durations, _ = write(manifest, "none", "filename\nb.wav\ngone.wav\n")
    assert (truth, [name for name, _ in durations]) == ([["b.wav"]], ["b.wav"])
    truth, _, report = write(manifest, "none", None)
    assert [name for (name,) in truth] == list(LENGTHS) and report["clips_present"] == 5


def test_what_cannot_be_scored(manifest: Path) -> None:
    with pytest.raises(SedError, match=r"none of the 1 clips .* check that both belong"):
        write(manifest, "none", "filename\nother.wav\n")
    with pytest.raises(SedError, match="a set with weak labels needs an annotation file"):
        write(manifest, "weak", None)
    with pytest.raises(SedError, match=r"in\.tsv, row 2: unknown class 'meow'"):
        write(manifest, "strong", STRONG.replace("bell", "meow"))
    assert not (manifest.parent / "truth.tsv").exists()


def test_equal_bytes(manifest: Path) -> None:
    outputs = []
    for _ in range(2):
        write(manifest, "strong", STRONG)
        names = ("truth.tsv", "durations.tsv", "report.json")
        outputs.append([(manifest.parent / name).read_bytes() for name in names])
    assert outputs[0] == outputs[1]
